/** A fetch that tells how much of its body is sent, which `fetch` itself cannot. */

/** Of a `Response` only what `http.ts` reads. Where there is no XMLHttpRequest (Node), the given fetch, which tells nothing. */
export function fetchWithProgress(fetcher: typeof fetch, onProgress: (part: number) => void): typeof fetch {
  if (typeof XMLHttpRequest === "undefined") return fetcher;
  return (address, { method = "GET", headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, String(address));
      for (const [name, value] of Object.entries(headers ?? {})) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
      request.onerror = request.onabort = () => reject(new TypeError("The request was cut."));
      request.onload = () => {
        const retryAfter = request.getResponseHeader("Retry-After");
        const { status, statusText, responseText } = request;
        const text = status === 204 ? null : responseText;
        resolve(
          new Response(text, {
            status,
            statusText,
            headers: retryAfter ? { "Retry-After": retryAfter } : {},
          }),
        );
      };
      signal?.addEventListener("abort", () => request.abort());
      request.send(body as Blob | FormData);
    });
}
