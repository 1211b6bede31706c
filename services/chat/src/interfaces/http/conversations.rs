//! Conversations: listing and reading them, and everything about messages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{JsonBody, PathId, Query};
use marquis_http::page::{List, Page};

use super::requests::{EditBody, HistoryQuery, ReadBody, SendBody};
use super::resources::{ConversationResource, HistoryMeta, HistoryResource, MessageResource, Sent};
use super::{HttpState, Talk, failure, person};
use crate::application::ChatError;
use crate::application::send_message::Outgoing;
use crate::domain::{MessageId, PersonId};

/// List conversations
///
/// The one with the newest message first, each with its last message and how much of it is
/// unread.
#[utoipa::path(
    get,
    operation_id = "list_conversations",
    path = "/chat/conversations",
    tag = "chat",
    params(Page),
    responses((status = 200, description = "A part of the list.", body = List<ConversationResource>))
)]
pub(super) async fn list(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    Query(page): Query<Page>,
) -> Result<List<ConversationResource>, Problem> {
    let reader = person(&caller.principal);
    let conversations = &chat.use_cases.conversations;
    let found = conversations.list(reader, i64::from(page.limit), page.offset).await;
    let (found, names, total) = found.map_err(failure::of)?;
    let resource = |one| ConversationResource::of(reader, one, &names);
    Ok(List::new(found.into_iter().map(resource).collect(), total, page))
}

/// Read a conversation
///
/// Backwards from `before`, or from the end. Messages keep their numbers, so paging through a
/// conversation that goes on misses and repeats nothing.
#[utoipa::path(
    get,
    operation_id = "list_messages",
    path = "/chat/conversations/{userId}/messages",
    tag = "chat",
    params(("userId" = Uuid, Path, description = "The other person."), HistoryQuery),
    responses((status = 200, description = "Messages, the newest first.", body = HistoryResource))
)]
pub(super) async fn history(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(peer): PathId<PersonId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryResource>, Problem> {
    let reader = person(&caller.principal);
    let limit = i64::from(query.limit);
    let page = chat.use_cases.conversations.history(reader, peer, query.before, limit).await;
    let page = page.map_err(failure::of)?;
    let data = page.messages.into_iter().map(MessageResource::from).collect();
    let meta = HistoryMeta { limit: query.limit, before: page.before };
    Ok(Json(HistoryResource { data, meta }))
}

/// Send a message
///
/// As `message:send` on a socket: saved, numbered for both people, and told to their sockets.
#[utoipa::path(
    post,
    operation_id = "send_message",
    path = "/chat/conversations/{userId}/messages",
    tag = "chat",
    params(("userId" = Uuid, Path, description = "The other person.")),
    request_body = inline(SendBody),
    responses(
        (status = 201, description = "It is saved.", body = Sent),
        (status = 400, description = "Wrong fields."),
        (status = 403, description = "One of the two blocks the other."),
        (status = 404, description = "There is no such person."),
        (status = 409, description = "Nobody writes to themselves, or the client id was used for another message."),
        (status = 429, description = "Too many messages."),
    )
)]
pub(super) async fn send(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(receiver): PathId<PersonId>,
    JsonBody(body): JsonBody<SendBody>,
) -> Result<(StatusCode, Json<Sent>), Problem> {
    let sender = person(&caller.principal);
    let name = chat.names.one(sender).await;
    let name = name.map_err(|error| failure::of(ChatError::Unavailable(Box::new(error))))?;
    let name = name.ok_or_else(|| failure::of(ChatError::NoSuchPerson))?;
    let outgoing = Outgoing { receiver, content: body.content, client_id: body.client_id };
    let id = chat.use_cases.send.send(sender, name, outgoing).await.map_err(failure::of)?;
    Ok((StatusCode::CREATED, Json(Sent { message_id: id.uuid() })))
}

/// Mark a conversation as read
///
/// Up to a message or a number. A mark moves forward only.
#[utoipa::path(
    post,
    operation_id = "mark_read",
    path = "/chat/conversations/{userId}/read",
    tag = "chat",
    params(("userId" = Uuid, Path, description = "The other person.")),
    request_body = inline(ReadBody),
    responses(
        (status = 204, description = "It is marked."),
        (status = 400, description = "Wrong fields."),
        (status = 404, description = "There is no such message in this conversation."),
        (status = 429, description = "Too much at once."),
    )
)]
pub(super) async fn read(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(peer): PathId<PersonId>,
    JsonBody(body): JsonBody<ReadBody>,
) -> Result<StatusCode, Problem> {
    let reader = person(&caller.principal);
    let marked = chat.use_cases.conversations.read(reader, peer, body.up_to).await;
    marked.map(|()| StatusCode::NO_CONTENT).map_err(failure::of)
}

/// Change a message
///
/// One's own only. Both people's sockets are told.
#[utoipa::path(
    patch,
    operation_id = "edit_message",
    path = "/chat/messages/{messageId}",
    tag = "chat",
    params(("messageId" = Uuid, Path, description = "The message.")),
    request_body = inline(EditBody),
    responses(
        (status = 204, description = "It is changed."),
        (status = 400, description = "Wrong fields."),
        (status = 403, description = "One of the two blocks the other."),
        (status = 404, description = "There is no such message of the caller's."),
        (status = 429, description = "Too much at once."),
    )
)]
pub(super) async fn edit(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(message): PathId<MessageId>,
    JsonBody(body): JsonBody<EditBody>,
) -> Result<StatusCode, Problem> {
    let sender = person(&caller.principal);
    let edited = chat.use_cases.conversations.edit(sender, message, body.content).await;
    edited.map(|_| StatusCode::NO_CONTENT).map_err(failure::of)
}

/// Take a message back
///
/// One's own only. Its number stays, what it said is gone. Both people's sockets are told.
#[utoipa::path(
    delete,
    operation_id = "delete_message",
    path = "/chat/messages/{messageId}",
    tag = "chat",
    params(("messageId" = Uuid, Path, description = "The message.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such message of the caller's."),
        (status = 429, description = "Too much at once."),
    )
)]
pub(super) async fn delete(
    caller: Allowed<Talk>,
    State(chat): State<Arc<HttpState>>,
    PathId(message): PathId<MessageId>,
) -> Result<StatusCode, Problem> {
    let sender = person(&caller.principal);
    let deleted = chat.use_cases.conversations.delete(sender, message).await;
    deleted.map(|()| StatusCode::NO_CONTENT).map_err(failure::of)
}
