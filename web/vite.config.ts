import preact from "@preact/preset-vite";
import { defineConfig } from "vitest/config";

const server = process.env.CHATSPHERE_URL ?? "http://localhost:8000";

export default defineConfig({
  plugins: [preact()],
  build: {
    outDir: "dist",
    target: "es2022",
    // The server's content security policy allows no `data:` scripts or styles: keep every asset a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": server,
      "/info": server,
      "/media": server,
      "/socket.io": { target: server, ws: true },
    },
  },
  test: {
    include: ["tests/**/*.test.ts", "tests/**/*.test.tsx", "src/**/*.test.ts", "src/**/*.test.tsx"],
    environment: "node",
    testTimeout: 15_000,
  },
});
