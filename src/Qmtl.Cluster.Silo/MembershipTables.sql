-- The list of members of a cluster. Orleans asks and changes it only with the statements in OrleansQuery, which it finds by their keys; it gives
-- their parameters and reads their columns by name. A change of the list counts only where nobody else changed it since it was read: the
-- cluster's version says so, and its row is what two that change the list at once wait for.

CREATE TABLE qmtl_cluster
(
    name text PRIMARY KEY,
    version integer NOT NULL DEFAULT 0
);

CREATE TABLE qmtl_member
(
    cluster text NOT NULL REFERENCES qmtl_cluster ON DELETE CASCADE,
    address text NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    name text NOT NULL,
    machine text NOT NULL,
    status integer NOT NULL,
    client_port integer,
    suspicions text,
    started timestamptz NOT NULL,
    alive timestamptz NOT NULL,
    PRIMARY KEY (cluster, address, port, generation)
);

CREATE TABLE IF NOT EXISTS OrleansQuery
(
    QueryKey text PRIMARY KEY,
    QueryText text NOT NULL
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('InsertMembershipVersionKey', $sql$
    WITH made AS (INSERT INTO qmtl_cluster (name) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING name)
    SELECT count(*)::integer FROM made
$sql$),
('InsertMembershipKey', $sql$
    WITH turn AS
    (
        UPDATE qmtl_cluster SET version = version + 1
        WHERE name = @DeploymentId AND version = @Version AND NOT EXISTS
        (
            SELECT FROM qmtl_member
            WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
        )
        RETURNING name
    ),
    made AS
    (
        INSERT INTO qmtl_member (cluster, address, port, generation, name, machine, status, client_port, started, alive)
        SELECT name, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM turn
        RETURNING port
    )
    SELECT count(*)::integer FROM made
$sql$),
('UpdateMembershipKey', $sql$
    WITH turn AS
    (
        UPDATE qmtl_cluster SET version = version + 1
        WHERE name = @DeploymentId AND version = @Version AND EXISTS
        (
            SELECT FROM qmtl_member
            WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
        )
        RETURNING name
    ),
    changed AS
    (
        UPDATE qmtl_member SET status = @Status, suspicions = @SuspectTimes, alive = @IAmAliveTime
        FROM turn
        WHERE cluster = turn.name AND address = @Address AND port = @Port AND generation = @Generation
        RETURNING port
    )
    SELECT count(*)::integer FROM changed
$sql$),
('UpdateIAmAlivetimeKey', $sql$
    UPDATE qmtl_member SET alive = @IAmAliveTime
    WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$sql$),
('MembershipReadAllKey', $sql$
    SELECT c.name AS DeploymentId, m.address AS Address, m.port AS Port, m.generation AS Generation, m.name AS SiloName, m.machine AS HostName,
        m.status AS Status, m.client_port AS ProxyPort, m.suspicions AS SuspectTimes, m.started AS StartTime, m.alive AS IAmAliveTime,
        c.version AS Version
    FROM qmtl_cluster AS c LEFT JOIN qmtl_member AS m ON m.cluster = c.name
    WHERE c.name = @DeploymentId
$sql$),
('MembershipReadRowKey', $sql$
    SELECT c.name AS DeploymentId, m.address AS Address, m.port AS Port, m.generation AS Generation, m.name AS SiloName, m.machine AS HostName,
        m.status AS Status, m.client_port AS ProxyPort, m.suspicions AS SuspectTimes, m.started AS StartTime, m.alive AS IAmAliveTime,
        c.version AS Version
    FROM qmtl_cluster AS c
        LEFT JOIN qmtl_member AS m ON m.cluster = c.name AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
    WHERE c.name = @DeploymentId
$sql$),
('GatewaysQueryKey', $sql$
    SELECT address AS Address, client_port AS ProxyPort, generation AS Generation
    FROM qmtl_member WHERE cluster = @DeploymentId AND status = @Status AND client_port > 0
$sql$),
('DeleteMembershipTableEntriesKey', $sql$
    DELETE FROM qmtl_cluster WHERE name = @DeploymentId
$sql$),
('CleanupDefunctSiloEntriesKey', $sql$
    -- 3 is a member that lives.
    DELETE FROM qmtl_member WHERE cluster = @DeploymentId AND status <> 3 AND alive < @IAmAliveTime
$sql$);
