/** The server's rules, told before it is asked and in the reader's language. */
import { t } from "../strings";

const USERNAME = /^[\w.-]{3,32}$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PASSWORD_BYTES = 72;

export function checkPassword(password: string): string | undefined {
  if ([...password].length < 8) return t.auth.wrong.password;
  return new TextEncoder().encode(password).length > PASSWORD_BYTES ? t.auth.wrong.passwordLong : undefined;
}

export function checkSignUp(values: {
  username: string;
  email: string;
  password: string;
}): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (!USERNAME.test(values.username.trim())) wrong.username = t.auth.wrong.username;
  if (!EMAIL.test(values.email.trim())) wrong.email = t.auth.wrong.email;
  const password = checkPassword(values.password);
  if (password) wrong.password = password;
  return wrong;
}
