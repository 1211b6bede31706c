--! insert_audit_record (user_id?, session_id?, address?, user_agent?, trace_id?)
INSERT INTO audit_records (id, occurred_at, kind, user_id, session_id, address, user_agent,
                           trace_id, details)
VALUES (:id, :occurred_at, :kind, :user_id, :session_id, :address, :user_agent, :trace_id,
        :details);
