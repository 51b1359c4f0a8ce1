namespace Dmkd.Client.Tests.Telemetry;

/// <summary>One round is one trace, over the processes of a real cluster that export to a real receiver.</summary>
[Collection(WatchedRun.Name)]
public sealed class TraceTests(WatchedRun watched)
{
    private const int Rounds = WatchedRun.Rounds;

    [Fact]
    public async Task Round_Each_IsOneTraceOfSeveralProcesses()
    {
        var rounds = await watched.RoundsAsync();
        Assert.Equal(Rounds, rounds.Count);
        Assert.All(
            rounds,
            round =>
            {
                string[] names = [.. round.Select(span => span.Name)];
                foreach (
                    string name in (string[])
                        ["begin round", "round", "watch round", "local update", "train", "compress", "merge", "publish"]
                )
                    Assert.Contains(name, names);
                Assert.Equal(WatchedRun.Nodes, names.Count(name => name == "local update"));
                Assert.Contains(round, span => span.Process.StartsWith("dmkd ", StringComparison.Ordinal));
                Assert.Single(round, span => span.Parent.Length == 0);
                var known = round.Select(span => span.Id).ToHashSet();
                Assert.All(
                    round,
                    span =>
                        Assert.True(
                            span.Parent.Length == 0 || known.Contains(span.Parent),
                            $"{span} has no parent in its trace"
                        )
                );
            }
        );
        // Where grains live is drawn: that all of one run are on one of three silos would be a chance of one in some
        // ten thousand.
        Assert.Contains(
            rounds,
            round =>
                round
                    .Select(span => span.Process)
                    .Distinct()
                    .Count(process => process.StartsWith("dmkd-silo", StringComparison.Ordinal)) > 1
        );
    }

    [Fact]
    public async Task Round_Each_IsLinkedToTheCommand()
    {
        var rounds = await watched.RoundsAsync();
        var receiver = watched.Receiver;
        string command = Assert.Single(receiver.Spans, span => span.Name == "dmkd run").Trace;
        Assert.All(
            rounds,
            round => Assert.Equal(command, Assert.Single(round.Single(span => span.Name == "begin round").Links))
        );
    }

    [Fact]
    public async Task Looks_AreInNoTrace()
    {
        await watched.RoundsAsync();
        var receiver = watched.Receiver;
        Assert.Contains(receiver.Spans, span => span.Name.EndsWith("StartLocalUpdateAsync", StringComparison.Ordinal));
        foreach (string look in (string[])["GetRoundAsync", "GetLocalUpdateAsync", "GetProgressAsync"])
            Assert.DoesNotContain(receiver.Spans, span => span.Name.EndsWith(look, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Log_OfAMerge_IsInTheTraceOfItsRound()
    {
        var rounds = await watched.RoundsAsync();
        var receiver = watched.Receiver;
        var traces = rounds.Select(round => round[0].Trace).ToHashSet();
        var merged = receiver
            .Logs.Where(line => line.Text.Contains("merged into version", StringComparison.Ordinal))
            .ToArray();
        Assert.Equal(Rounds, merged.Length);
        Assert.All(merged, line => Assert.Contains(line.Trace, traces));
    }
}
