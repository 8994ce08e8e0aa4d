// Seconds as people read them.

/** "1:02.5". */
export function clockTime(seconds) {
  const tenths = Math.round(seconds * 10);
  const whole = String(Math.floor(tenths / 10) % 60).padStart(2, "0");
  return `${Math.floor(tenths / 600)}:${whole}.${tenths % 10}`;
}
