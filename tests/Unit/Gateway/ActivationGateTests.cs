using Qmtl.Gateway.Activation;

namespace Qmtl.Unit.Gateway;

public sealed class ActivationGateTests
{
    private static readonly DateTimeOffset Ten = new(2025, 9, 1, 10, 0, 0, TimeSpan.Zero);

    private readonly ActivationGate _gate = new();

    [Theory]
    [InlineData(ActivationSide.Long)]
    [InlineData(ActivationSide.Short)]
    public void Nothing_is_allowed_before_an_activation_has_arrived(ActivationSide side)
    {
        Assert.Equal((false, 0), (_gate.IsAllowed(side), _gate.GetWeight(side)));
        Assert.Equal("the gateway has not said anything yet", _gate[side].Reason);
    }

    [Fact]
    public void An_activation_opens_its_own_side_only()
    {
        Assert.Equal(ActivationVerdict.Applied, _gate.Apply(Active(ActivationSide.Long, weight: 0.5)));

        Assert.Equal((true, 0.5), State(ActivationSide.Long));
        Assert.Equal((false, 0.0), State(ActivationSide.Short));
    }

    [Fact]
    public void An_activation_of_all_opens_both_sides()
    {
        _gate.Apply(Active(ActivationSide.All, weight: 0.75));

        Assert.Equal(((true, 0.75), (true, 0.75)), (State(ActivationSide.Long), State(ActivationSide.Short)));
    }

    [Fact]
    public void What_is_not_active_has_no_weight()
    {
        _gate.Apply(Active(ActivationSide.All));
        _gate.Apply(Active(ActivationSide.Long, weight: 0.5) with { Active = false });

        Assert.Equal(((false, 0.0), (true, 1.0)), (State(ActivationSide.Long), State(ActivationSide.Short)));
    }

    public static TheoryData<ActivationSide, bool, bool> Stops
    {
        get
        {
            var data = new TheoryData<ActivationSide, bool, bool>();
            foreach (ActivationSide side in Enum.GetValues<ActivationSide>())
            {
                data.Add(side, true, false);
                data.Add(side, false, true);
                data.Add(side, true, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public void While_freeze_or_drain_holds_no_side_is_allowed(ActivationSide side, bool freeze, bool drain)
    {
        _gate.Apply(Active(ActivationSide.All));

        _gate.Apply(Active(side) with { Freeze = freeze, Drain = drain });
        Assert.Equal(((false, 0.0), (false, 0.0)), (State(ActivationSide.Long), State(ActivationSide.Short)));

        _gate.Apply(Active(side, weight: 0.5));
        Assert.Equal((true, true), (_gate.IsAllowed(ActivationSide.Long), _gate.IsAllowed(ActivationSide.Short)));
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(null, true)]
    public void What_a_document_does_not_say_of_freeze_and_drain_stays_as_it_was(bool? freeze, bool? drain)
    {
        _gate.Apply(Active(ActivationSide.Long) with { Freeze = freeze, Drain = drain });

        _gate.Apply(Active(ActivationSide.Long) with { Freeze = null, Drain = null });
        Assert.Equal(((false, 0.0), (false, 0.0)), (State(ActivationSide.Long), State(ActivationSide.Short)));

        _gate.Apply(Active(ActivationSide.Long));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void An_older_document_lifts_no_order_to_stop()
    {
        _gate.Apply(Active(ActivationSide.Short));
        _gate.Apply(Active(ActivationSide.Long, second: 5) with { Freeze = true });

        Assert.Equal(ActivationVerdict.ClosedByOlder, _gate.Apply(Active(ActivationSide.Long, second: 3) with { Active = false }));

        Assert.Equal("the other side is frozen or draining", _gate[ActivationSide.Short].Reason);
    }

    [Fact]
    public void What_was_said_before_is_no_news()
    {
        ActivationDocument first = Active(ActivationSide.Long, second: 5) with { ETag = "a" };
        _gate.Apply(first);
        Assert.Equal(ActivationVerdict.NoNews, _gate.Apply(first));

        // Of the same instant, and yet something else.
        Assert.Equal(ActivationVerdict.Applied, _gate.Apply(first with { ETag = "b", Active = false }));
        Assert.Equal(ActivationVerdict.NoNews, _gate.Apply(first));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        Assert.Equal(ActivationVerdict.Applied, _gate.Apply(first with { ETag = "c", Weight = 0.5 }));
        Assert.Equal(0.5, _gate.GetWeight(ActivationSide.Long));
    }

    [Fact]
    public void The_answer_to_a_question_opens_what_silence_closed_though_it_is_no_news()
    {
        ActivationDocument document = Active(ActivationSide.Long, second: 5) with { ETag = "a" };
        _gate.Apply(document);
        _gate.Close(ActivationSide.Long, "tested");

        _gate.Apply(document);
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        _gate.Apply(document, _gate.GetRevision(ActivationSide.Long));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_stop_of_which_no_more_is_known_is_lifted_by_news_alone()
    {
        ActivationDocument before = Active(ActivationSide.All, second: 5) with { ETag = "a" };
        _gate.Apply(before);

        _gate.Stop(Active(ActivationSide.All) with { Active = false, Freeze = true });
        Assert.Equal(ActivationVerdict.NoNews, _gate.Apply(before, _gate.GetRevision(ActivationSide.Long)));
        Assert.Equal("frozen", _gate[ActivationSide.Long].Reason);

        _gate.Apply(before with { ETag = "b" }, _gate.GetRevision(ActivationSide.Long));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_stop_with_a_time_outdates_what_was_before_it()
    {
        _gate.Apply(Active(ActivationSide.Long, second: 5) with { ETag = "a" });

        _gate.Stop(Active(ActivationSide.Long, second: 6) with { Active = false, Drain = true });

        Assert.Equal(ActivationVerdict.IgnoredAsOlder, _gate.Apply(Active(ActivationSide.Long, second: 5) with { ETag = "b" }, _gate.GetRevision(ActivationSide.Long)));
        Assert.Equal(ActivationVerdict.Applied, _gate.Apply(Active(ActivationSide.Long, second: 6) with { ETag = "c" }, _gate.GetRevision(ActivationSide.Long)));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_stop_that_comes_late_counts_until_the_gateway_is_asked()
    {
        ActivationDocument latest = Active(ActivationSide.Long, second: 5) with { ETag = "a" };
        _gate.Apply(latest);

        _gate.Stop(Active(ActivationSide.Long, second: 3) with { Active = false, Freeze = true });
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        _gate.Apply(latest, _gate.GetRevision(ActivationSide.Long));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_stale_document_closes_and_does_not_open()
    {
        Assert.Equal(ActivationVerdict.IgnoredAsOlder, _gate.Apply(Active(ActivationSide.Long) with { IsStale = true }));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        _gate.Apply(Active(ActivationSide.Long));
        Assert.Equal(ActivationVerdict.ClosedByOlder, _gate.Apply(Active(ActivationSide.Long) with { IsStale = true, Active = false }));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_freeze_of_one_side_outlives_news_of_the_other()
    {
        _gate.Apply(Active(ActivationSide.Long) with { Freeze = true });
        _gate.Apply(Active(ActivationSide.Short));

        Assert.Equal("the other side is frozen or draining", _gate[ActivationSide.Short].Reason);
    }

    [Fact]
    public void An_older_activation_does_not_open_a_side_again()
    {
        _gate.Apply(Active(ActivationSide.Long, second: 2) with { Active = false });

        Assert.Equal(ActivationVerdict.IgnoredAsOlder, _gate.Apply(Active(ActivationSide.Long, second: 1)));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        Assert.Equal(ActivationVerdict.Applied, _gate.Apply(Active(ActivationSide.Long, second: 3)));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void An_older_activation_does_not_raise_a_weight()
    {
        _gate.Apply(Active(ActivationSide.Long, second: 2, weight: 0.1));
        _gate.Apply(Active(ActivationSide.Long, second: 1, weight: 0.9));

        Assert.Equal(0.1, _gate.GetWeight(ActivationSide.Long));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    public void An_older_order_to_stop_counts_until_something_as_new_as_the_latest_comes(bool active, bool freeze, bool drain)
    {
        _gate.Apply(Active(ActivationSide.Long, second: 5));

        Assert.Equal(ActivationVerdict.ClosedByOlder, _gate.Apply(Active(ActivationSide.Long, second: 1) with { Active = active, Freeze = freeze, Drain = drain }));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        _gate.Apply(Active(ActivationSide.Long, second: 4));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        _gate.Apply(Active(ActivationSide.Long, second: 5));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void An_activation_of_all_is_weighed_for_each_side_alone()
    {
        _gate.Apply(Active(ActivationSide.Long, second: 5) with { Active = false });

        Assert.Equal(ActivationVerdict.IgnoredAsOlder, _gate.Apply(Active(ActivationSide.All, second: 3)));
        Assert.Equal((false, true), (_gate.IsAllowed(ActivationSide.Long), _gate.IsAllowed(ActivationSide.Short)));
    }

    [Fact]
    public void Activations_without_a_time_count_as_they_arrive()
    {
        _gate.Apply(Active(ActivationSide.Long, second: 5));
        _gate.Apply(Active(ActivationSide.Long) with { Active = false });
        Assert.False(_gate.IsAllowed(ActivationSide.Long));

        _gate.Apply(Active(ActivationSide.Long));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
        Assert.Equal(ActivationVerdict.IgnoredAsOlder, _gate.Apply(Active(ActivationSide.Long, second: 4)));
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(5, 5, false)]
    [InlineData(5, 4, false)]
    [InlineData(5, 6, true)]
    [InlineData(5, null, false)]
    public void The_answer_to_a_question_that_an_event_overtook_opens_only_if_it_is_newer(int? eventSecond, int? answerSecond, bool opens)
    {
        long asked = _gate.GetRevision(ActivationSide.Long);
        _gate.Apply(Active(ActivationSide.Long, eventSecond) with { Freeze = true });

        _gate.Apply(Active(ActivationSide.Long, answerSecond), asked);

        Assert.Equal(opens, _gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void The_answer_to_a_question_that_an_event_overtook_still_closes()
    {
        long asked = _gate.GetRevision(ActivationSide.Long);
        _gate.Apply(Active(ActivationSide.Long));

        Assert.Equal(ActivationVerdict.ClosedByOlder, _gate.Apply(Active(ActivationSide.Long) with { Active = false }, asked));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void Answers_do_not_overtake_one_another()
    {
        _gate.Apply(Active(ActivationSide.Long) with { Active = false }, _gate.GetRevision(ActivationSide.Long));
        _gate.Apply(Active(ActivationSide.Long), _gate.GetRevision(ActivationSide.Long));

        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_closed_side_stays_closed_until_it_is_heard_of_again()
    {
        _gate.Apply(Active(ActivationSide.All, second: 5));

        _gate.Close(ActivationSide.Long, "tested");
        Assert.Equal((false, 0.0, "tested"), (_gate.IsAllowed(ActivationSide.Long), _gate.GetWeight(ActivationSide.Long), _gate[ActivationSide.Long].Reason));
        Assert.True(_gate.IsAllowed(ActivationSide.Short));

        _gate.Apply(Active(ActivationSide.Long, second: 4));
        Assert.False(_gate.IsAllowed(ActivationSide.Long));
        _gate.Apply(Active(ActivationSide.Long, second: 5));
        Assert.True(_gate.IsAllowed(ActivationSide.Long));
    }

    [Fact]
    public void A_closed_side_still_freezes_the_other()
    {
        _gate.Apply(Active(ActivationSide.All));
        _gate.Apply(Active(ActivationSide.Long) with { Freeze = true });
        _gate.Close(ActivationSide.Long, "tested");

        Assert.False(_gate.IsAllowed(ActivationSide.Short));
    }

    [Fact]
    public void Changes_are_told_in_order_and_only_changes()
    {
        var told = new List<string>();
        _gate.Changed += side => told.Add(side.ToString());

        _gate.Apply(Active(ActivationSide.All, weight: 0.5));
        _gate.Apply(Active(ActivationSide.All, weight: 0.5) with { ETag = "another" });
        _gate.Apply(Active(ActivationSide.Long) with { Drain = true });
        _gate.Close(ActivationSide.Short, "tested");

        Assert.Equal(
            ["Long allowed at 0.5", "Short allowed at 0.5", "Long closed: draining", "Short closed: the other side is frozen or draining", "Short closed: tested"],
            told);
    }

    [Fact]
    public void Both_is_no_side_to_ask_for()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _gate.IsAllowed(ActivationSide.All));
    }

    [Fact]
    public async Task Readers_never_see_a_side_allowed_that_is_frozen_whatever_writers_do()
    {
        using var done = new CancellationTokenSource();
        Task[] writers = [.. Enumerable.Range(0, 2).Select(writer => Task.Run(() =>
        {
            ActivationSide side = (ActivationSide)writer;
            for (int i = 0; i < 20_000; i++)
            {
                _gate.Apply(Active(side, weight: 0.5) with { Freeze = i % 3 == 0, Active = i % 5 != 0 });
            }
        }))];
        Task<int> reader = Task.Run(() =>
        {
            int seen = 0;
            while (!done.IsCancellationRequested)
            {
                SideActivation side = _gate[ActivationSide.Long];
                Assert.Equal(side.Allowed ? 0.5 : 0, side.Weight);
                Assert.False(side.Allowed && !side.Document!.Opens);
                seen++;
            }

            return seen;
        });

        await Task.WhenAll(writers);
        await done.CancelAsync();
        await reader;
        _gate.Apply(Active(ActivationSide.All, weight: 0.5));
        Assert.Equal(((true, 0.5), (true, 0.5)), (State(ActivationSide.Long), State(ActivationSide.Short)));
    }

    private static ActivationDocument Active(ActivationSide side, int? second = null, double weight = 1) => new()
    {
        Side = side,
        Active = true,
        Weight = weight,
        Freeze = false,
        Drain = false,
        Timestamp = second is { } seconds ? Ten.AddSeconds(seconds) : null,
    };

    private (bool Allowed, double Weight) State(ActivationSide side) => (_gate.IsAllowed(side), _gate.GetWeight(side));
}
