// A moment as people in one time zone name it.
import type { PolicyInput } from '@dewar/protocol';

const formats = new Map<string, Intl.DateTimeFormat>();
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** @param zone an IANA name; throws RangeError for another */
export function localTime(ms: number, zone: string): PolicyInput['time'] {
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  formats.set(zone, format);
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return { at: new Date(ms).toISOString(), zone, weekday: weekdays.indexOf(parts.get('weekday') ?? '') + 1, hour: Number(parts.get('hour')), minute: Number(parts.get('minute')) };
}
