using System.Data.Common;
using Microsoft.Extensions.Logging;

namespace Dmkd.Hosting.Telemetry;

/// <summary>
/// Keeps a log quiet: a line that comes again and again is written at growing intervals, with how often it came
/// meanwhile. While a database is away every actor says so several times a second, each in words of its own: these
/// errors count as one line.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class RepeatedLines(TimeProvider time)
{
    private const int MaxKnown = 1_000;
    private const string OutageKey = "",
        Closed = "55000"; // PostgreSQL: the database takes no connections

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1),
        LongestPause = TimeSpan.FromMinutes(1);

    // The programs below ours repeat themselves; what ours says of runs and nodes is to be read each time.
    private static readonly string[] Talkative = ["Orleans", "Npgsql", "Microsoft"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Repeat> _known = [];
    private TaskCompletionSource _begun = Signal();
    private DateTimeOffset? _since;
    private long _errors;

    /// <summary>Whether the database is away.</summary>
    /// <param name="exception">What went wrong; null for nothing.</param>
    public static bool IsOutage(Exception? exception) =>
        exception switch
        {
            null => false,
            DbException { IsTransient: true } or DbException { SqlState: Closed } => true,
            AggregateException several => several.InnerExceptions.Any(IsOutage),
            _ => IsOutage(exception.InnerException),
        };

    /// <summary>Counts a line in.</summary>
    /// <param name="level">Its level; below a warning, all are written.</param>
    /// <param name="category">Who says it.</param>
    /// <param name="text">What it says.</param>
    /// <param name="exception">What went wrong; null for nothing.</param>
    /// <returns>How many like it were left out since the last one that was written; null to leave this one out.</returns>
    public long? Count(LogLevel level, string category, string text, Exception? exception)
    {
        if (level < LogLevel.Warning)
            return 0;
        lock (_lock)
        {
            if (IsOutage(exception))
            {
                _since ??= time.GetUtcNow();
                _errors++;
                _begun.TrySetResult();
                return Count(OutageKey);
            }

            bool isOurs = !Array.Exists(Talkative, name => category.StartsWith(name, StringComparison.Ordinal));
            return isOurs ? 0 : Count(Shape($"{category}\n{text}\n{exception?.Message}"));
        }
    }

    /// <summary>Waits until the database is said to be away.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task OutageAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _begun.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The database is back: the next error is a new one.</summary>
    /// <returns>How long it was away, and how many errors said so.</returns>
    public (TimeSpan Time, long Errors) EndOutage()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var ended = (now - (_since ?? now), _errors);
            _known.Remove(OutageKey);
            _since = null;
            _errors = 0;
            _begun = Signal();
            return ended;
        }
    }

    /// <summary>Lines that differ in numbers alone, such as how long something took, are alike.</summary>
    private static string Shape(string line) => string.Concat(line.Where(letter => !char.IsAsciiDigit(letter)));

    private long? Count(string key)
    {
        var now = time.GetUtcNow();
        if (!_known.TryGetValue(key, out var repeat) || now - repeat.LastAt > LongestPause)
        {
            MakeRoom(now);
            _known[key] = new Repeat { LastAt = now, NextAt = now + FirstPause };
            return 0;
        }

        repeat.LastAt = now;
        if (now < repeat.NextAt)
        {
            repeat.LeftOut++;
            return null;
        }

        long leftOut = repeat.LeftOut;
        repeat.LeftOut = 0;
        repeat.Pause = repeat.Pause * 2 < LongestPause ? repeat.Pause * 2 : LongestPause;
        repeat.NextAt = now + repeat.Pause;
        return leftOut;
    }

    private void MakeRoom(DateTimeOffset now)
    {
        if (_known.Count < MaxKnown)
            return;
        foreach (var (key, repeat) in _known)
        {
            if (now - repeat.LastAt > LongestPause)
                _known.Remove(key);
        }

        if (_known.Count >= MaxKnown)
            _known.Clear();
    }

    // Whoever waits goes on on a thread of its own, not within the lock.
    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Repeat
    {
        public TimeSpan Pause { get; set; } = FirstPause;

        public DateTimeOffset LastAt { get; set; }

        public DateTimeOffset NextAt { get; set; }

        public long LeftOut { get; set; }
    }
}
