/** What the module "hubbub" is to a controller's types; `modules.ts` makes its values. */
import type { Api } from "./api.ts";

export type { ControllerInfo, GroupMember } from "./api.ts";
export type * from "./controller.ts";
export { defineController } from "./controller.ts";

export declare const addToGroup: Api["addToGroup"];
export declare const removeFromGroup: Api["removeFromGroup"];
export declare const send: Api["send"];
export declare const sendToGroup: Api["sendToGroup"];
export declare const getGroupSize: Api["getGroupSize"];
export declare const getGroupMembers: Api["getGroupMembers"];
export declare const close: Api["close"];
export declare const isOpen: Api["isOpen"];
export declare const getGroups: Api["getGroups"];
export declare const kept: Api["kept"];
export declare const log: Api["log"];
export declare const controllers: Api["controllers"];
