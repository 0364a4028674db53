export interface Strength {
  /** 0 (none) to 4 (strong). */
  score: 0 | 1 | 2 | 3 | 4;
  hint: string;
}

// Stems of the passwords that every guessing list begins with.
const common = ["password", "passw0rd", "qwerty", "qwertz", "azerty", "letmein", "welcome", "iloveyou", "admin", "dragon", "monkey", "football", "abc123", "123123", "changeme", "secret"];

/**
 * A hint, not a gate: it rewards length most, as guessing does, and takes away
 * what a guesser tries first. The server alone decides what is accepted.
 */
export function strength(password: string, minLength: number, personal: readonly string[] = []): Strength {
  if (password === "") return { score: 0, hint: `At least ${minLength} characters. A few unrelated words work well.` };
  if (password.length < minLength) return { score: 1, hint: `Too short: ${minLength - password.length} more to go.` };

  const lower = password.toLowerCase();
  if (personal.some((part) => mentions(lower, part))) return { score: 1, hint: "Weak: contains your name or address." };
  if (common.some((word) => lower.includes(word)) && password.length < 16) return { score: 1, hint: "Weak: built on a very common password." };

  const bits = effectiveLength(lower) * Math.log2(alphabet(password));
  if (bits < 40) return { score: 1, hint: "Weak: easy to guess." };
  if (bits < 55) return { score: 2, hint: "Fair. Longer is better." };
  if (bits < 75) return { score: 3, hint: "Good." };
  return { score: 4, hint: "Strong." };
}

function mentions(password: string, part: string): boolean {
  return part
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .some((word) => word.length >= 4 && password.includes(word));
}

/** Counts characters, but repetitions and runs such as "abcd" or "4321" hardly. */
function effectiveLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1);
    const predictable = i > 0 && (step === 0 || step === 1 || step === -1);
    length += predictable ? 0.25 : 1;
  }
  return Math.min(length, new Set(text).size * 2);
}

function alphabet(text: string): number {
  let size = 0;
  if (/[a-z]/.test(text)) size += 26;
  if (/[A-Z]/.test(text)) size += 26;
  if (/[0-9]/.test(text)) size += 10;
  if (/[^a-zA-Z0-9]/.test(text)) size += 33;
  return size;
}
