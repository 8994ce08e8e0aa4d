// Seconds as people read them.

/** "1:02.5". */
export function clockTime(seconds) {
  const tenths = Math.round(seconds * 10);
  const whole = String(Math.floor(tenths / 10) % 60).padStart(2, "0");
  return `${Math.floor(tenths / 600)}:${whole}.${tenths % 10}`;
}

/** "10 seconds", "5 minutes", "1.5 minutes". */
export function inWords(seconds) {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [seconds / 60, "minute"];
  return `${Number(count.toFixed(1))} ${unit}${count === 1 ? "" : "s"}`;
}
