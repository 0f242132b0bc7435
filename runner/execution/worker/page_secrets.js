// Reads what a frame keeps that may be secret: the values of its fields, and the entries of its storage; all bounded.
() => {
  const MOST = 100;
  const LONGEST = 20000;
  const entries = (storage) => {
    try {
      return Object.entries(storage()).slice(0, MOST).map(([name, value]) => [name, String(value).slice(0, LONGEST)]);
    } catch {
      return []; // A frame without an origin has no storage.
    }
  };
  const fields = [...document.querySelectorAll("input, textarea")].slice(0, MOST).map((field) => ({
    type: field.type,
    name: field.name || field.id,
    autocomplete: field.autocomplete,
    style: field.getAttribute("style") ?? "",
    value: field.value.slice(0, 200),
  }));
  return { fields, storage: [...entries(() => localStorage), ...entries(() => sessionStorage)] };
}
