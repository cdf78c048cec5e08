/** Signals in stages: the first asks an agent to finish, the second to give up, the third waits for nothing. */

export interface Signals {
  /** Aborted by the first signal. */
  first: AbortSignal;
  /** Aborted by the second. */
  second: AbortSignal;
  close: () => void;
}

/** SIGHUP comes when the terminal is closed. */
const NAMES = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** 128 + SIGINT, as a shell reports it. */
const INTERRUPTED = 130;

export function listenForSignals(): Signals {
  const [first, second] = [new AbortController(), new AbortController()];
  const heard = () => {
    if (second.signal.aborted) process.exit(INTERRUPTED);
    (first.signal.aborted ? second : first).abort();
  };
  for (const name of NAMES) process.on(name, heard);
  return {
    first: first.signal,
    second: second.signal,
    close: () => {
      for (const name of NAMES) process.off(name, heard);
    },
  };
}

/** Calls `act` when the signal is aborted, at once if it is already. */
export function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}
