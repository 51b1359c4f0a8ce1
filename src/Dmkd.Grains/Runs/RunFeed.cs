using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Runs;

/// <summary>The last lines of a run's feed, numbered. Not persisted: the results are.</summary>
internal sealed class RunFeed(TimeProvider time)
{
    private const int Capacity = 1000;
    private const int MostPerMillisecond = 1000;
    private readonly Queue<RunEvent> _events = new();

    /// <summary>Numbers of a later activation, on whatever silo, are higher: who follows the feed misses nothing.</summary>
    private long _count = time.GetUtcNow().ToUnixTimeMilliseconds() * MostPerMillisecond;

    public void Add(string text)
    {
        if (_events.Count == Capacity) _events.Dequeue();
        _events.Enqueue(new RunEvent(++_count, time.GetUtcNow(), text));
    }

    public RunEvent[] After(long sequence) => [.. _events.Where(entry => entry.Sequence > sequence)];
}
