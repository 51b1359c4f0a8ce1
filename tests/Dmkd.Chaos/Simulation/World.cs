namespace Dmkd.Chaos.Simulation;

/// <summary>
/// One thread, one clock, one source of chance: whatever happens in a simulated world follows from its seed. Work that
/// is ready runs before time goes on; among several actors that are ready, chance picks one.
/// </summary>
internal sealed class World(int seed)
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _later = new();
    private readonly List<ActorScheduler> _ready = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _number;

    /// <summary>The source of chance.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>The time.</summary>
    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch;

    /// <summary>Steps taken so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Steps after which the world ends, whatever is left: nothing may go on for ever.</summary>
    public long MaxSteps { get; init; } = 3_000_000;

    /// <summary>
    /// Whether work left the thread of the world: from then on its steps do not follow from the seed.
    /// </summary>
    public bool HasStrayed { get; private set; }

    /// <summary>Does something later.</summary>
    public void After(TimeSpan delay, Action action)
    {
        if (IsHere())
            _later.Enqueue(action, ((Now + delay).Ticks, _number++));
    }

    /// <summary>Completes after a time.</summary>
    public Task Delay(TimeSpan delay)
    {
        var source = new TaskCompletionSource(); // continuations go to their actors' schedulers: none runs here
        After(delay, source.SetResult);
        return source.Task;
    }

    /// <summary>A time between two, drawn evenly.</summary>
    public TimeSpan Between(double leastSeconds, double mostSeconds) =>
        TimeSpan.FromSeconds(leastSeconds + Random.NextDouble() * (mostSeconds - leastSeconds));

    /// <summary>Whether something with a probability happens.</summary>
    public bool Happens(double probability) => probability > 0 && Random.NextDouble() < probability;

    /// <summary>
    /// Lets the world go on until a condition holds, nothing is left to do, or time or steps are used up.
    /// </summary>
    /// <returns>Whether the condition holds.</returns>
    public bool RunUntil(Func<bool> condition, DateTimeOffset limit)
    {
        while (!condition())
        {
            if (HasStrayed || ++Steps > MaxSteps)
                return false;
            if (_ready.Count > 0)
            {
                int pick = _ready.Count == 1 ? 0 : Random.Next(_ready.Count);
                var actor = _ready[pick];
                if (!actor.RunOne())
                    _ready.RemoveAt(pick);
            }
            else if (_later.TryPeek(out _, out var next) && next.Ticks <= limit.Ticks)
            {
                var action = _later.Dequeue();
                Now = new DateTimeOffset(Math.Max(next.Ticks, Now.Ticks), TimeSpan.Zero);
                action();
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>An actor has something to do.</summary>
    internal void Ready(ActorScheduler actor)
    {
        if (IsHere())
            _ready.Add(actor);
    }

    private bool IsHere()
    {
        bool isHere = Environment.CurrentManagedThreadId == _thread;
        HasStrayed |= !isHere;
        return isHere;
    }
}

/// <summary>A world's clock as the product's clock.</summary>
internal sealed class WorldClock(World world) : TimeProvider
{
    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => world.Now;

    /// <inheritdoc/>
    public override long GetTimestamp() => world.Now.Ticks;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(world, callback, state, dueTime);

    /// <summary>A timer that fires once, which is what delays and time limits need.</summary>
    private sealed class Timer : ITimer
    {
        private readonly World _world;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private int _version;

        public Timer(World world, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            (_world, _callback, _state) = (world, callback, state);
            Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int version = ++_version;
            if (dueTime == Timeout.InfiniteTimeSpan)
                return true;
            _world.After(
                dueTime,
                () =>
                {
                    if (version == _version)
                        _callback(_state);
                }
            );
            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
