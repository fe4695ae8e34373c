// A place in a line in words: the same to a person at a terminal as to a model.
import type { QueuePlace, StartEstimate } from './wire.ts';

/** `starts in about 40 s, 90 s if runs are long`; `start not known yet: …` with why. */
export function startText({ start_after_s: start, basis }: StartEstimate): string {
  if (start === null) return basis.startsWith('not known') ? `start ${basis}` : `start not known: ${basis}`;
  const likely = start.likely === 0 ? 'starts at any moment' : `starts in about ${spanText(start.likely)}`;
  return start.cautious === null || start.cautious <= start.likely ? likely : `${likely}, ${spanText(start.cautious)} if runs are long`;
}

export function placeText({ position, of, lane, estimate }: QueuePlace): string {
  return `place ${position} of ${of}, ${lane}; ${startText(estimate)}`;
}

function spanText(seconds: number): string {
  if (seconds < 180) return `${seconds} s`;
  return seconds < 3 * 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
