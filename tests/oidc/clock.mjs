// The provider's clock: it asks Date.now, like everything in this process.

const real = Date.now;

/** Runs `action` at another time, in seconds since the epoch. */
export async function atClock(seconds, action) {
  const offset = seconds * 1000 - real();
  Date.now = () => real() + offset;
  try {
    return await action();
  } finally {
    Date.now = real;
  }
}
