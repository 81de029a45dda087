/** Shapes of errors on the wire, before they become a ChatError. */

export interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { field: string; message: string }[];
  retry_after?: number;
}
