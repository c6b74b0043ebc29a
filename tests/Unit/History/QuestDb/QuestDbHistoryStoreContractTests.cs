using System.Data.Common;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>
/// The contract of all stores, on a real QuestDB. What QuestDB does otherwise is named here, and tested in its own way in
/// QuestDbHistoryStoreTests.
/// </summary>
[RequiresQuestDb]
[Collection(QuestDbCollection.Name)]
[DiffersFromContract(nameof(A_stream_that_is_being_filled_is_claimed_by_one_at_a_time), "QuestDB has no locks through which processes see each other")]
[DiffersFromContract(nameof(Many_streams_are_claimed_together_and_each_by_one), "QuestDB has no locks through which processes see each other")]
[DiffersFromContract(nameof(A_rule_of_one_table_refuses_its_stream_alone), "QuestDB's tables have no rules of their own")]
[DiffersFromContract(nameof(Rows_of_others_are_no_bars_among_many_either), "written in types that QuestDB does not have")]
[DiffersFromContract(nameof(Two_runs_at_once_ask_the_source_once), "QuestDB has no locks through which processes see each other")]
[DiffersFromContract(nameof(Rows_that_are_no_bars_are_removed_also_where_no_bar_is), "QuestDB's timestamps are no whole seconds in SQL; QuestDbRevisionTests has the same")]
[DiffersFromContract(nameof(Bars_of_every_type_come_back_as_they_went_in), "QuestDB keeps no infinity, no null truth value and not the smallest long; they are refused")]
[DiffersFromContract(nameof(Coverage_follows_what_other_programs_delete_and_add), "QuestDB knows no DELETE of rows, and its timestamps are no whole seconds in SQL")]
[DiffersFromContract(nameof(What_other_programs_do_to_tables_between_two_looks_at_many_is_seen), "QuestDB alters a table some time after it has answered that it did")]
[DiffersFromContract(nameof(Coverage_equals_a_naive_model), "its weekly bars reach beyond the year 9999, where QuestDB ends")]
[DiffersFromContract(nameof(Off_grid_rows_in_a_keyed_table_neither_split_nor_fill_coverage), "QuestDB's timestamps are no whole seconds in SQL")]
[DiffersFromContract(nameof(Rows_of_other_programs_that_open_on_no_month_are_no_bars), "QuestDB's timestamps are no whole seconds in SQL")]
[DiffersFromContract(nameof(A_range_keeps_the_time_at_which_it_was_learnt), "written in SQL that QuestDB does not read")]
[DiffersFromContract(nameof(Hundreds_of_single_holes_are_learnt_and_forgotten_in_one_write), "QuestDB knows no DELETE: forgotten ranges are marked")]
[DiffersFromContract(nameof(One_table_can_hold_all_streams), "QuestDB refuses quotes in a table's name; for a table that was asked for by name that is an error")]
[DiffersFromContract(nameof(A_write_that_is_cancelled_on_its_way_leaves_nothing), "QuestDB commits table by table: bars may be there before what was learnt about emptiness")]
[DiffersFromContract(nameof(No_column_name_is_mistaken_for_a_part_of_a_statement), "about constraints, which QuestDB does not have")]
[DiffersFromContract(nameof(A_failing_page_leaves_nothing_of_the_write), "QuestDB's tables have no rules of their own")]
[DiffersFromContract(nameof(Rows_of_a_table_without_a_key_count_once_and_only_on_the_grid), "written in types that QuestDB does not have")]
[DiffersFromContract(nameof(Writing_to_a_table_without_a_key_doubles_no_bar), "a bar that is there is left as it is where QuestDB has no keys to replace it by")]
[DiffersFromContract(nameof(A_long_read_of_a_table_without_a_key_can_stop_early), "written in types that QuestDB does not have")]
[DiffersFromContract(nameof(A_unique_index_in_any_order_and_spelling_serves_as_the_key), "QuestDB has no unique indexes")]
[DiffersFromContract(nameof(A_table_that_is_not_one_of_bars_is_a_clear_error), "written in types that QuestDB does not have")]
[DiffersFromContract(nameof(A_timestamp_column_of_text_is_a_clear_error), "written in types that QuestDB does not have")]
[DiffersFromContract(nameof(Rows_that_name_no_possible_stream_are_not_listed), "written in types that QuestDB does not have")]
[DiffersFromContract(nameof(A_revision_that_fails_leaves_neither_a_change_nor_a_trail), "QuestDB's tables have no rules of their own")]
[DiffersFromContract(nameof(Bars_that_are_twice_in_a_table_without_a_key_are_revised_and_removed_as_one), "a bar in a table without keys cannot be replaced there, which is refused")]
[DiffersFromContract(nameof(Rows_of_other_programs_count_in_a_summary_as_they_do_in_coverage), "QuestDB's timestamps are no whole seconds in SQL")]
[DiffersFromContract(nameof(A_summary_of_a_table_without_a_key_counts_each_bar_once), "written in types that QuestDB does not have")]
public sealed class QuestDbHistoryStoreContractTests(QuestDbServer server) : HistoryStoreContract, IAsyncLifetime
{
    public Task InitializeAsync() => QuestDbServer.MissingReason is null ? server.ResetAsync() : Task.CompletedTask;

    public Task DisposeAsync() => Task.CompletedTask;

    private protected override IHistoryStore Open(string? table = null, TimeProvider? timeProvider = null) =>
        new LaterHistoryStore(new QuestDbHistoryStore(QuestDbServer.ConnectionString!, table, timeProvider: timeProvider));

    private protected override async Task<DbConnection> ConnectAsync() => await server.ConnectAsync();
}
