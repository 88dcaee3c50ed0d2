// What someone types as "at most per second". What cannot be read is refused: it would mean no limit.
const MOST = 1_000_000; // as the server has it

export function rateProblem(text: string): string | null {
  const typed = text.trim();
  const good = typed === "" || (/^\d{1,7}$/.test(typed) && +typed >= 1 && +typed <= MOST);
  return good ? null : "A whole number from 1 to 1000000, or nothing for no limit.";
}

export function rateOf(text: string): { ratePerSecond?: number } {
  const problem = rateProblem(text);
  if (problem) throw new Error(`At most per second: ${problem}`);
  return text.trim() ? { ratePerSecond: Number(text) } : {};
}
