/** The server's rules, told before it is asked and in the reader's language. */
import { t } from "../strings";

const USERNAME = /^[A-Za-z0-9][\w.-]{1,30}[A-Za-z0-9]$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PASSWORD_BYTES = 72;

export function checkPassword(password: string): string | undefined {
  if ([...password].length < 8) return t.auth.wrong.password;
  return new TextEncoder().encode(password).length > PASSWORD_BYTES ? t.auth.wrong.passwordLong : undefined;
}

export function checkNewPassword({ new_password }: { new_password: string }): Record<string, string> {
  const wrong = checkPassword(new_password);
  return wrong ? { new_password: wrong } : {};
}

export function checkEmail({ email }: { email: string }): Record<string, string> {
  return EMAIL.test(email.trim()) ? {} : { email: t.auth.wrong.email };
}

export function checkUsername({ username }: { username: string }): Record<string, string> {
  return USERNAME.test(username.trim()) ? {} : { username: t.auth.wrong.username };
}

export function checkSignUp(values: {
  username: string;
  email: string;
  password: string;
}): Record<string, string> {
  const wrong = { ...checkUsername(values), ...checkEmail(values) };
  const password = checkPassword(values.password);
  if (password) wrong.password = password;
  return wrong;
}
