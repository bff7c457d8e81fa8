// Somebody on call, with a keyboard only: signs in, finds what is broken, says that they see to it, remarks, silences.

import assert from "node:assert/strict";
import { accessible, fault, incident, open, picture, sees, step, story } from "./kit.mjs";

// Presses Tab until the thing in focus fits, as somebody without a mouse has to.
async function tabTo(page, selector) {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) {
      const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(ring, "none", `${selector} does not show that it is in focus`);
      return;
    }
  }
  throw new Error(`Tab never came to ${selector}`);
}

await story(async (base) => {
  const { page, complaints } = await open();
  await step("signs in by keyboard alone", async () => {
    await page.goto(base);
    await tabTo(page, 'a[href$="/sign-in"]');
    await page.keyboard.press("Enter");
    await page.waitForURL(/sign-in/);
    await tabTo(page, "input[name=name]");
    await page.keyboard.type("demo");
    await tabTo(page, "input[name=password]");
    await page.keyboard.type("demo");
    await page.keyboard.press("Enter");
    await sees(page, "Sign out");
  });
  await step("sees the outage come on the list of incidents, and opens it", async () => {
    await page.goto(`${base}incidents`);
    await fault(base, "spawner-raises");
    const link = `main a[href$="/incidents/${await incident(base)}"]`;
    await page.waitForSelector(link);
    await tabTo(page, link);
    await page.keyboard.press("Enter");
    await sees(page, "Nobody sees to it yet");
    await accessible(page, "incident, new");
  });
  await step("says that they see to it, and puts a remark on record", async () => {
    await tabTo(page, "main button.primary");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => !document.body.innerText.includes("Nobody sees to it yet"));
    await sees(page, "demo");
    await tabTo(page, "textarea");
    await page.keyboard.type("<b>restarted the hub</b> \u202e at 3 a.m.");
    await tabTo(page, "form:has(textarea) button");
    await page.keyboard.press("Enter");
    await sees(page, "<b>restarted the hub</b>");
    assert.equal(await page.locator("main b", { hasText: "restarted the hub" }).count(), 0, "a remark became markup");
    await picture(page, "incident");
  });
  await step("what is being typed is not lost when the page is kept fresh", async () => {
    await page.locator("textarea").fill("half a thou");
    await page.waitForTimeout(7_000);
    assert.equal(await page.locator("textarea").inputValue(), "half a thou");
  });
  await step("silences it", async () => {
    const form = page.locator('form[action$="/silence"]');
    await form.locator("input[name=reason], input[type=text]").first().fill("known");
    await form.locator("button").focus();
    await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
    await page.goto(`${base}silences`);
    await sees(page, "known");
    await picture(page, "silences");
  });
  await step("signs out, and can command no more", async () => {
    await page.locator("nav button").click();
    await sees(page, "Sign in");
    page.expected = /status of 40[13]/;
    const answer = await page.evaluate(async () => (await fetch("/api/v1/silences", { method: "POST", body: "{}" })).status);
    assert.ok([401, 403].includes(answer), `${answer}`);
  });
  await step("no page complained", async () => assert.deepEqual(complaints, []));
});
