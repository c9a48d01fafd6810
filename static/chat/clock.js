// The server's clock, by which both sides of an appointment count.

// What to add to this browser's clock. `now` was written into the page when its answer began, and not when the
// scripts came: on a slow line those are seconds apart.
export function clockOffset(now) {
  const [page] = performance.getEntriesByType("navigation");
  const received = page && page.responseStart ? performance.timeOrigin + page.responseStart : Date.now();
  return Date.parse(now) - received;
}
