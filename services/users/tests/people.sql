-- :people people with names as people have them, one in fifty of them connected. Their
-- addresses cannot be opened, which no list does.
INSERT INTO people (id, username, username_key, data_key, key_version, email_index,
    email, email_index_version, created_at, updated_at)
SELECT gen_random_uuid(), name, lower(name), '\x00', 1, sha256(name::bytea), '\x00', 1,
    now(), now()
FROM (
    SELECT (ARRAY['Anna','Boris','chen','Dmitri','elena','Farid','grace','Hiro','ivan','Julia',
            'karl','Lena','Maria','nikita','Olga','pavel','Quinn','rosa','Sofia','tomas'])
            [1 + (hashint4(n) & 2147483647) % 20]
        || (ARRAY['.','_','-',''])[1 + n % 4]
        || (ARRAY['anderson','brown','costa','dubois','evans','fischer','garcia','haddad',
            'ivanov','johnson','kim','lopez','meyer','novak','okafor','petrov','quist','rossi',
            'smith','tanaka','ueda','volkov','wang','xu','yilmaz','zhang'])
            [1 + (hashint4(n * 7 + 3) & 2147483647) % 26]
        || n AS name
    FROM generate_series(1, :people) AS n
) AS named;
INSERT INTO presence (user_id, username_key, is_online, changed_at)
SELECT id, username_key, n % 50 = 0, now()
FROM (SELECT id, username_key, row_number() OVER () AS n FROM people) AS p;
VACUUM ANALYZE people;
VACUUM ANALYZE presence;
