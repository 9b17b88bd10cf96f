/** @jsxImportSource hono/jsx */

/** Takes a message, as text or as bytes. */
export function SendForm({ id, label, isDisabled = false }: { id: string; label: string; isDisabled?: boolean }) {
  return (
    <form id={id} class="tools">
      <label>
        <span>Send as</span>
        <select id={`${id}-kind`}>
          <option value="text">Text</option>
          <option value="binary">Binary, in hex</option>
        </select>
      </label>
      <label class="grow">
        <span>{label}</span>
        <textarea id={`${id}-message`} rows={2} spellcheck={false}></textarea>
      </label>
      <button disabled={isDisabled}>Send</button>
    </form>
  );
}
