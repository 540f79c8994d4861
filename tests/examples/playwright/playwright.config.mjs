import { defineConfig } from "@playwright/test";

const port = process.env.APP_PORT ?? "5173";

export default defineConfig({
  reporter: "list",
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    // An installed browser, if it is named, instead of Playwright's own.
    launchOptions: { executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] },
  },
  webServer: {
    command: `npx esbuild app=app.mjs --bundle --outdir=. --servedir=. --serve=127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
  },
});
