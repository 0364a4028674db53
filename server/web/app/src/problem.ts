import { settings } from "./settings";

/** Something that went wrong, in words for the reader, and where it belongs. */
export interface Problem {
  text: string;
  /** Which kind of form field it is about; none when it is about the whole form. */
  field?: "email" | "name" | "password" | "currentPassword";
  code?: string;
}

/** The failed half of what every method of the client returns. */
interface ApiError {
  status: number;
  code?: string | undefined;
  message?: string | undefined;
}

export type Result<T> = { data: T; problem?: undefined } | { data?: undefined; problem: Problem };

const known: Record<string, Omit<Problem, "code">> = {
  INVALID_EMAIL_OR_PASSWORD: { text: "The e-mail address or the password is not right." },
  INVALID_EMAIL: { text: "Enter an e-mail address, like name@example.com.", field: "email" },
  INVALID_PASSWORD: { text: "This is not your password.", field: "currentPassword" },
  PASSWORD_TOO_SHORT: { text: `Use at least ${settings.minPasswordLength} characters.`, field: "password" },
  PASSWORD_TOO_LONG: { text: `Use at most ${settings.maxPasswordLength} characters.`, field: "password" },
  PASSWORD_COMPROMISED: { text: "This password appears in known data breaches. Choose another one.", field: "password" },
  USER_ALREADY_EXISTS: { text: "There is already an account with this address.", field: "email" },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: { text: "There is already an account with this address.", field: "email" },
  EMAIL_NOT_VERIFIED: { text: "This e-mail address is not verified yet." },
  EMAIL_ALREADY_VERIFIED: { text: "This e-mail address is verified already." },
  EMAIL_PASSWORD_DISABLED: { text: "This server does not offer sign-in with a password." },
  EMAIL_PASSWORD_SIGN_UP_DISABLED: { text: "This server does not accept new accounts." },
  CHANGE_EMAIL_DISABLED: { text: "This server does not let you change your e-mail address." },
  VERIFICATION_EMAIL_NOT_ENABLED: { text: "This server does not send verification mails." },
  RESET_PASSWORD_DISABLED: { text: "This server does not send links for a new password." },
  CREDENTIAL_ACCOUNT_NOT_FOUND: { text: "Your account has no password yet. Set one with “Forgot password?” on the sign-in page." },
  INVALID_TOKEN: { text: "This link is not valid any more. Ask for a new one." },
  TOKEN_EXPIRED: { text: "This link has expired. Ask for a new one." },
  SESSION_NOT_FRESH: { text: "You signed in a while ago. For your safety, please sign in again to continue." },
  SESSION_EXPIRED: { text: "You signed in a while ago. For your safety, please sign in again to continue." },
  INVALID_ORIGIN: { text: "The server does not trust this page’s address. Open it under the base URL that the server is configured with." },
};

/** Explains an error of the API; the server's own words are the last resort. */
export function explain(error: ApiError): Problem {
  const found = error.code ? known[error.code] : undefined;
  if (found) return { ...found, code: error.code };
  if (error.message === "Email is the same") return { text: "This is your address already.", field: "email" };
  if (error.status === 429) return { text: "Too many attempts. Wait a minute, then try again.", code: error.code };
  if (error.status === 401) return { text: "Your session has ended. Please sign in again.", code: error.code };
  if (error.status >= 500) return { text: "The server had a problem. Please try again.", code: error.code };
  if (error.code === "VALIDATION_ERROR") return explainValidation(error);
  return { text: error.message || "That did not work. Please try again.", code: error.code };
}

function explainValidation(error: ApiError): Problem {
  const text = error.message ?? "";
  if (/^\[body\.(email|newEmail)\]/.test(text)) return { ...known.INVALID_EMAIL!, code: error.code };
  return { text: "Please check what you entered.", code: error.code };
}

const unreachable: Problem = { text: "The server cannot be reached. Check your connection, then try again." };

/** Awaits a call of the client and turns both kinds of failure (an answer, no answer) into a Problem. */
export async function attempt<T>(request: Promise<{ data: T | null; error: ApiError | null }>): Promise<Result<T>> {
  try {
    const { data, error } = await request;
    return error ? { problem: explain(error) } : { data: data as T };
  } catch {
    return { problem: unreachable };
  }
}
