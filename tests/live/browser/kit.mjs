// What the browser's tests are made of: Chromium, pages with an eye on everything they complain of, axe, pictures.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/// Longest wait for anything a page shows; the demo needs half a minute to tell of an outage.
export const PATIENCE = 90_000;

/// Where pictures go: kept as artefacts.
const pictures = process.env.PICTURES ?? mkdtempSync(join(tmpdir(), "pictures-"));
mkdirSync(pictures, { recursive: true });

/// Chromium as Debian builds it, without the errands it runs for its makers.
export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

/// A window of its own: cookies, size, colours. What it complains of is kept in `complaints`.
export async function open({ width = 1280, height = 900, dark = false, scripts = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: scripts,
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !page.expected?.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  return { context, page, complaints };
}

/// Nothing that axe calls serious or critical, by the rules of WCAG 2.2 AA.
export async function accessible(page, name) {
  // Not as a script of the page: its policy forbids that, and rightly so.
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  const bad = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  const words = bad.map((v) => `${v.id} (${v.impact}): ${v.help}\n    ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join("\n    ")}`);
  assert.equal(words.length, 0, `axe on ${name}:\n  ${words.join("\n  ")}`);
  return found.violations.map((v) => `${v.id} (${v.impact})`);
}

/// A picture of the whole page.
export async function picture(page, name) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/// Nothing hangs over the edge: nobody scrolls sideways on a phone.
export async function fits(page, name) {
  const { wide, view, widest } = await page.evaluate(() => {
    const view = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > view + 1 && !e.closest("[data-scrolls]"));
    return { view, wide: document.documentElement.scrollWidth, widest: over.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)) };
  });
  assert.ok(wide <= view + 1, `${name} is ${wide} px wide in a window of ${view}: ${widest.join(" | ")}`);
}

/// Waits until the text is somewhere in the page.
export async function sees(page, text) {
  await page.waitForFunction((wanted) => document.body.innerText.includes(wanted), text, { timeout: PATIENCE, polling: 250 });
}

/// Tells the demo's hub to have a fault.
export async function fault(base, name) {
  const answer = await fetch(`${base}demo/fault`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `fault=${name}`,
    redirect: "manual",
  });
  assert.ok(answer.status < 400, `fault ${name}: ${answer.status}`);
}

/// The id of the open incident, as soon as there is one.
export async function incident(base) {
  for (let i = 0; i < 360; i++) {
    const status = await (await fetch(`${base}api/v1/status`)).json();
    const open = status.targets[0].incident;
    if (open) return open.id;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error("no incident was opened");
}

/// Runs one step, and says so.
export async function step(name, work) {
  const began = Date.now();
  try {
    await work();
  } catch (error) {
    console.log(`FAILED ${name} after ${Date.now() - began} ms`);
    throw error;
  }
  console.log(`ok ${name} (${Date.now() - began} ms)`);
}

/// Runs a whole story: the browser is closed whatever happens, and a failure says where.
export async function story(work) {
  let code = 0;
  try {
    await work(process.env.BASE);
  } catch (error) {
    console.log(error.stack ?? String(error));
    code = 1;
  }
  await browser.close();
  process.exit(code);
}
