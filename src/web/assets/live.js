// Keeps an open page fresh: when the service says that something changed, the page is fetched again and what differs is
// put in its place. Forms that somebody is filling in, opened details and the keyboard's place stay as they are.
(() => {
  const main = document.querySelector("main[data-live]");
  if (!main || !window.EventSource) return;
  let due = 0;
  let busy = false;

  const same = (a, b) => a.isEqualNode(b);
  const key = (node) => (node.nodeType === 1 && (node.id || node.dataset.key)) || null;

  // Makes `old` like `fresh`, touching only what differs.
  const morph = (old, fresh) => {
    if (same(old, fresh)) return;
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || key(old) !== key(fresh)) {
      old.replaceWith(fresh.cloneNode(true));
      return;
    }
    if (old.nodeType !== 1) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    if (old.contains(document.activeElement) && old.matches("form")) return;
    if (old.matches("form[data-keep]")) return;
    const open = old.nodeName === "DETAILS" && old.open;
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (old.nodeName === "DETAILS") old.open = open;
    const theirs = [...fresh.childNodes];
    const ours = [...old.childNodes];
    theirs.forEach((node, at) => (ours[at] ? morph(ours[at], node) : old.append(node.cloneNode(true))));
    ours.slice(theirs.length).forEach((node) => node.remove());
  };

  const refresh = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main[data-live]");
      if (fresh) {
        document.title = page.title;
        document.querySelectorAll("[data-fresh]").forEach((old, at) => {
          const next = page.querySelectorAll("[data-fresh]")[at];
          if (next) morph(old, next);
        });
        morph(main, fresh);
        document.documentElement.dataset.lost = "";
      }
    } catch {
      document.documentElement.dataset.lost = "yes";
    } finally {
      busy = false;
    }
  };
  const soon = () => {
    clearTimeout(due);
    due = setTimeout(refresh, 150);
  };

  const events = new EventSource(main.dataset.live);
  events.addEventListener("changed", soon);
  events.addEventListener("open", () => (document.documentElement.dataset.lost = ""));
  events.addEventListener("error", () => (document.documentElement.dataset.lost = "yes"));
  // Ages grow although nothing happens; and a service that hangs says nothing.
  setInterval(refresh, 15000);
  document.addEventListener("visibilitychange", soon);
})();
