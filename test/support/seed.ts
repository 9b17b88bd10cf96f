/** The listings of the text that started it all, word for word but for missing brackets and one `requlre`. */
export const seed = {
  "chat/chat.js": `
webSocketLib = require('/lib/xp/websocket');

exports.get = function(req) {

   if (!req.webSocket) {
     // Do something if this is not a web-socket request
     return { body: 'not a web-socket request' };
   }

   // If web-socket request, then you will need to accept the web-socket.
   return {
     webSocket: {
       subProtocols: ['text'],
       data: {
         myField: 'myValue'
       }
     }
   };
};

exports.webSocketEvent = function(event) {

  if (event.type == 'open') {
    webSocketLib.addToGroup('chat', event.session.id);
    webSocketLib.send(event.session.id, 'You have joined the chat.');
  }

  if (event.type == 'message') {
    webSocketLib.sendToGroup('chat', event.message);
  }
};
`,
  "events.js": `
var webSocketLib = require('/lib/xp/websocket');

exports.get = function(req) {
  return { webSocket: { subProtocols: ['text'], data: { myField: 'myValue' } } };
};

exports.webSocketEvent = function(event) {
  if (event.type == 'open') {
    // Do something on open
    webSocketLib.addToGroup('witness', event.session.id);
    webSocketLib.send(event.session.id, JSON.stringify(event));
  } else if (event.type == 'close') {
    // Do something on close
    webSocketLib.sendToGroup('witness', JSON.stringify(event));
  } else if (event.type == 'error') {
    // Do something on error
    webSocketLib.sendToGroup('witness', JSON.stringify(event));
  } else if (event.type == 'message') {
    // Do something on message
    if (event.message == 'fail') throw new Error('as asked');
    webSocketLib.send(event.session.id, JSON.stringify(event));
  }
};
`,
};
