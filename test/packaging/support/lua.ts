/** Runs a health check as Argo CD does: the object is the global `obj`, the answer a table. */

import { createRequire } from 'node:module';

/** What is used of fengari, which comes without types. */
interface Fengari {
  lua: {
    lua_createtable(state: unknown, items: number, fields: number): void;
    lua_setfield(state: unknown, index: number, name: Uint8Array): void;
    lua_seti(state: unknown, index: number, position: number): void;
    lua_setglobal(state: unknown, name: Uint8Array): void;
    lua_pushstring(state: unknown, text: Uint8Array): void;
    lua_pushnumber(state: unknown, value: number): void;
    lua_pushboolean(state: unknown, value: boolean): void;
    lua_pushnil(state: unknown): void;
    lua_getfield(state: unknown, index: number, name: Uint8Array): number;
    lua_tojsstring(state: unknown, index: number): string;
    lua_settop(state: unknown, index: number): void;
  };
  lauxlib: { luaL_newstate(): unknown; luaL_dostring(state: unknown, code: Uint8Array): number };
  lualib: { luaL_openlibs(state: unknown): void };
  readonly to_luastring: (text: string) => Uint8Array;
}

const { lua, lauxlib, lualib, to_luastring: bytes } = createRequire(import.meta.url)('fengari') as Fengari;

const push = (state: unknown, value: unknown): void => {
  if (typeof value === 'string') lua.lua_pushstring(state, bytes(value));
  else if (typeof value === 'number') lua.lua_pushnumber(state, value);
  else if (typeof value === 'boolean') lua.lua_pushboolean(state, value);
  else if (Array.isArray(value)) {
    lua.lua_createtable(state, value.length, 0);
    for (const [index, item] of value.entries()) {
      push(state, item);
      lua.lua_seti(state, -2, index + 1);
    }
  } else if (typeof value === 'object' && value !== null) {
    lua.lua_createtable(state, 0, 0);
    for (const [name, field] of Object.entries(value)) {
      push(state, field);
      lua.lua_setfield(state, -2, bytes(name));
    }
  } else lua.lua_pushnil(state);
};

/** The health that a script gives an object. @throws Error with Lua's words */
export const healthOf = (script: string, object: unknown): { status: string; message: string } => {
  const state = lauxlib.luaL_newstate();
  lualib.luaL_openlibs(state);
  push(state, object);
  lua.lua_setglobal(state, bytes('obj'));
  if (lauxlib.luaL_dostring(state, bytes(script)) !== 0) throw new Error(lua.lua_tojsstring(state, -1));
  const field = (name: string): string => {
    lua.lua_getfield(state, -1, bytes(name));
    const text = lua.lua_tojsstring(state, -1);
    lua.lua_settop(state, -2);
    return text;
  };
  return { status: field('status'), message: field('message') };
};
