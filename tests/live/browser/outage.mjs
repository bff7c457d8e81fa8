// The demo's outage as somebody sees it who has the page open: it appears by itself, and goes again.

import assert from "node:assert/strict";
import { accessible, fault, fits, open, picture, sees, step, story } from "./kit.mjs";

await story(async (base) => {
  const { page, complaints } = await open();
  await step("a first visit is small and shows what works", async () => {
    let bytes = 0;
    page.on("response", async (answer) => {
      const sizes = await answer.request().sizes().catch(() => null);
      if (sizes) bytes += sizes.responseBodySize + sizes.responseHeadersSize;
    });
    await page.goto(base);
    await page.waitForLoadState("load");
    await sees(page, "Everything works");
    await page.waitForTimeout(300);
    assert.ok(bytes > 1_000 && bytes < 50_000, `${bytes} bytes for a first visit`);
    console.log(`   ${bytes} bytes for a first visit`);
    await accessible(page, "status, all well");
    await picture(page, "status-well");
  });
  await step("an outage appears in the open page, without a reload", async () => {
    await page.evaluate(() => (window.untouched = true));
    await fault(base, "spawner-raises");
    await page.waitForFunction(() => !document.querySelector("h1").innerText.includes("Everything works"), null, { polling: 250 });
    await sees(page, "Since");
    assert.equal(await page.evaluate(() => window.untouched), true, "the page was loaded again");
    await accessible(page, "status, outage");
    await picture(page, "status-outage");
  });
  await step("it goes again when the hub works again", async () => {
    await fault(base, "none");
    await sees(page, "Everything works");
    assert.equal(await page.evaluate(() => window.untouched), true, "the page was loaded again");
  });
  await step("no page complained", async () => assert.deepEqual(complaints, []));
});
