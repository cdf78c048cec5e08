/** placeholder until the table is written */
export async function proveGuards(_options: {
  seeds: number;
  say: (text: string) => void;
}): Promise<boolean> {
  return Promise.resolve(true);
}
