/** Runs the clean-up of a command once, at the first SIGINT, SIGTERM or SIGHUP, then exits. */
export function onStop(cleanUp: () => Promise<void>, exitCode = 0): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    cleanUp().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        console.error(error instanceof Error ? error.message : String(error));
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
}
