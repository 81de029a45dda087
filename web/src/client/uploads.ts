/** Files: sending them, taking them back, reading them. */

import type { UploadOptions, UploadsApi } from "./api";
import type { Rest } from "./rest";
import type { Attachment } from "./types";

const BASE = "/api/v1";

export class Uploads implements UploadsApi {
  constructor(private readonly rest: Rest) {}

  send(file: Blob, name: string, { onProgress, signal }: UploadOptions = {}): Promise<Attachment> {
    const form = new FormData();
    form.append("file", file, name);
    return this.rest.call("POST", "/uploads", form, { onProgress, signal });
  }

  async discard(id: string): Promise<void> {
    await this.rest.call("DELETE", `/uploads/${id}`);
  }

  read(url: string): Promise<Blob> {
    return this.rest.call("GET", url.startsWith(BASE) ? url.slice(BASE.length) : url, undefined, {
      file: true,
    });
  }
}
