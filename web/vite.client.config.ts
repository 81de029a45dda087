/** Bundles the client library into one ESM file for Node: tests, replay and benchmarks import it from anywhere. */
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "dist-client",
    target: "node20",
    ssr: "src/client/index.ts",
    minify: false,
    rollupOptions: { output: { entryFileNames: "client.mjs", format: "es" } },
  },
  ssr: { noExternal: true, target: "node" },
});
