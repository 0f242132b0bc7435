// Reads what a page shows, and whether anything on it can still change it. `lostScripts` did not load.
(lostScripts) => {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)];
  const text = (document.body?.innerText ?? "").trim();
  const pictures = all("img, video, canvas, svg").filter(shown).length;
  const ways = all("a, button, [role=button], [role=link], input[type=submit], input[type=button]").filter(shown);
  const named = ways.map((way) => (way.innerText || way.value || way.getAttribute("aria-label") || "").trim());
  const fields = all("input:not([type=hidden], [type=submit], [type=button], [type=image]), textarea, select").filter(shown);
  const secrets = fields.filter((field) => field.type === "password").length;

  const runs = (script) => {
    const kind = script.type.trim().toLowerCase();
    const isCode = !kind || kind === "module" || /^(text|application)\/(x-)?(java|ecma|j|live)script(1\.\d)?$/.test(kind);
    return isCode && !(script.src && lostScripts.includes(script.src));
  };
  const isLoaded = document.readyState === "complete", hasCode = [...document.scripts].some(runs);
  // Whatever has a hyphen in its name may hold a closed tree that nobody can look into, and what code has drawn may be
  // an app that only has to be read.
  const others = all("iframe, frame, object, embed, video, canvas, [tabindex], [contenteditable], summary").filter(shown);
  const isUsable = () => ways.length + fields.length + others.length > 0
    || (isLoaded && hasCode && text.length > 0)
    || all("*").some((element) => element.localName.includes("-") && shown(element));

  const canAct = (element) => element.localName.includes("-") || [...element.attributes].some(({ name }) => name.startsWith("on"));
  const isInert = () => isLoaded && !hasCode
    && all("meta[http-equiv=refresh i], iframe, frame, object, embed, fencedframe").length === 0
    && document.getAnimations().length === 0
    && !all("*").some(canAct);

  return {
    title: document.title.slice(0, 1000),
    heading: (document.querySelector("h1, h2")?.innerText ?? "").slice(0, 1000),
    text: text.slice(0, 3000),
    letters: text.length,
    is_blank: isLoaded && text.length === 0 && pictures === 0,
    asks_to_sign_in: secrets > 0 || named.some((name) => /^(sign|log)[ -]?(in|on)$/i.test(name)),
    can_go_on: fields.length > 0 || named.some((name) => /\b(sign|log)[ -]?(in|on)\b/i.test(name)),
    is_usable: isUsable(),
    is_inert: isInert(),
  };
}
