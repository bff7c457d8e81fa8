// Without scripts: everything can be read and everything can be said; pages fetch themselves anew.

import assert from "node:assert/strict";
import { fault, incident, open, picture, step, story } from "./kit.mjs";

await story(async (base) => {
  const { page } = await open({ scripts: false });
  await step("the status page fetches itself anew and shows an outage", async () => {
    await page.goto(base);
    assert.match(await page.content(), /http-equiv="refresh"/);
    await fault(base, "spawner-raises");
    for (let i = 0; i < 120 && !(await page.locator("h1").innerText()).includes("down"); i++) {
      await new Promise((done) => setTimeout(done, 500));
      await page.reload();
    }
    assert.match(await page.locator("h1").innerText(), /down/);
    await picture(page, "plain-status");
  });
  await step("somebody signs in, says that they see to it, and silences", async () => {
    await page.goto(`${base}sign-in`);
    await page.fill("input[name=name]", "demo");
    await page.fill("input[name=password]", "demo");
    await page.click("main form button");
    await page.goto(`${base}incidents`);
    await page.click(`main a[href$="/incidents/${await incident(base)}"]`);
    assert.match(await page.locator("main").innerText(), /Nobody sees to it yet/);
    await page.click("main button.primary >> nth=0");
    assert.doesNotMatch(await page.locator("main").innerText(), /Nobody sees to it yet/);
    await page.fill("textarea", "seen without scripts");
    await page.click("form:has(textarea) button");
    assert.match(await page.locator("main").innerText(), /seen without scripts/);
    await picture(page, "plain-incident");
  });
});
