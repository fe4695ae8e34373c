// Times as receipts and journal leaves write them: RFC 3339, UTC, milliseconds, always 24 characters, so that text order is time order.
import { z } from 'zod';

const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

export function isTime(text: string): boolean {
  if (!form.test(text)) return false;
  const ms = Date.parse(text);
  return Number.isFinite(ms) && new Date(ms).toISOString() === text;
}

export const timeSchema = z.string().refine(isTime, 'RFC 3339 in UTC with milliseconds, such as 2026-11-23T07:00:00.000Z');
