/** Calls back whenever the page may have slept, been hidden, frozen or offline: time may have passed unseen. */
export function onWake(wake: (event: Event) => void, signal: AbortSignal): void {
  document.addEventListener('visibilitychange', wake, { signal })
  for (const name of ['pageshow', 'online', 'focus']) window.addEventListener(name, wake, { signal })
}
