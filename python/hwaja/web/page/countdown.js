/** Tell how many seconds are left, at once and each second, then act. Returns a function that stops it. */
export function countDown(seconds, tell, act) {
  let timer;
  const step = (left) => {
    if (left === 0) return act();
    tell(left);
    timer = setTimeout(step, 1000, left - 1);
  };
  step(seconds);
  return () => clearTimeout(timer);
}
