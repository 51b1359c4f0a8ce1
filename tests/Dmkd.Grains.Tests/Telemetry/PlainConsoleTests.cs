using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Dmkd.Grains.Tests.Telemetry;

public sealed class PlainConsoleTests
{
    private static readonly NpgsqlException Away = new("Failed to connect to db:5432", new TimeoutException());

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));
    private readonly RepeatedLines _lines;

    public PlainConsoleTests() => _lines = new RepeatedLines(_time);

    [Fact]
    public void Write_MessageWithAForgedLine_IsOneLine() =>
        Assert.Equal(
            "2030-01-02T03:04:05.678Z warn: Dmkd.Grains.Some[7] Class a\\u000Awarn: Dmkd.Audit[0]\\u001B[2K\n",
            Written("Dmkd.Grains.Some", "Class a\nwarn: Dmkd.Audit[0]\u001B[2K", exception: null)
        );

    [Fact]
    public void Write_LinesOfOthersAndExceptions_AreOneLine() =>
        Assert.Equal(
            "2030-01-02T03:04:05.678Z warn: Orleans.Silo[7] one | two | System.InvalidOperationException: no\\u001B | more\n",
            Written("Orleans.Silo", "one\r\n\n  two", new InvalidOperationException("no\u001B\nmore"))
        );

    [Fact]
    public void Write_DatabaseThatIsAway_TellsTheReasonAlone() =>
        Assert.EndsWith(
            "Dmkd.Grains.Node[7] node 1 failed | TimeoutException: The operation has timed out.\n",
            Written("Dmkd.Grains.Node", "node 1 failed", new InvalidOperationException("no state", Away)),
            StringComparison.Ordinal
        );

    [Fact]
    public void Write_DatabaseAwayForAMinute_GivesALineAtGrowingIntervalsWhoeverSaysIt()
    {
        var at = new List<int>();
        long told = 0;
        for (int i = 0; i < 600; i++)
        {
            string line = Written($"Some.Actor{i % 7}", $"actor {i} failed", Away);
            if (line.Length > 0)
            {
                at.Add(i / 10);
                told += 1 + LeftOut(line);
            }

            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal([0, 1, 3, 7, 15, 31], at);
        Assert.Equal(311, told); // what came since is told by the next line
        Assert.Equal((TimeSpan.FromMinutes(1), 600), _lines.EndOutage());
        Assert.NotEmpty(Written("Some.Actor", "failed again", Away)); // another outage
    }

    [Fact]
    public void Write_SameWarningAgain_IsLeftOutOfOrleansAndKeptOfOurs()
    {
        Assert.NotEmpty(Written("Orleans.Silo", "late", exception: null));
        Assert.Empty(Written("Orleans.Silo", "late", exception: null));
        Assert.NotEmpty(Written("Orleans.Silo", "asked 3 times", exception: null));
        Assert.Empty(Written("Orleans.Silo", "asked 4 times", exception: null));
        Assert.NotEmpty(Written("Orleans.Silo", "later", exception: null));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.EndsWith("late (1 more like it)\n", Written("Orleans.Silo", "late", null), StringComparison.Ordinal);
        foreach (int _ in Enumerable.Range(0, 3))
            Assert.NotEmpty(Written("Dmkd.Grains.Some", "refused", exception: null));
        foreach (int _ in Enumerable.Range(0, 3))
            Assert.NotEmpty(Written("Orleans.Silo", "started", null, LogLevel.Information));
    }

    [Fact]
    public async Task OutageAsync_ErrorOfTheDatabase_EndsTheWaiting()
    {
        var waiting = _lines.OutageAsync(TestContext.Current.CancellationToken);
        Written("Some.Actor", "no", new InvalidOperationException("not of the database"));
        Assert.False(waiting.IsCompleted);
        Written("Some.Actor", "no", Away);
        await waiting;
        _lines.EndOutage();
        Assert.False(_lines.OutageAsync(TestContext.Current.CancellationToken).IsCompleted);
    }

    private static int LeftOut(string line) =>
        line.Contains(" more like it)", StringComparison.Ordinal)
            ? int.Parse(
                line[(line.LastIndexOf('(') + 1)..].Split(' ')[0],
                System.Globalization.CultureInfo.InvariantCulture
            )
            : 0;

    private string Written(string category, string message, Exception? exception, LogLevel level = LogLevel.Warning)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var entry = new LogEntry<string>(level, category, 7, message, exception, (state, _) => state);
        new PlainConsole(_lines, _time).Write(entry, scopeProvider: null, writer);
        return writer.ToString();
    }
}
