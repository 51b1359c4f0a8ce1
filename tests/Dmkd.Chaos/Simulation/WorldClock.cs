namespace Dmkd.Chaos.Simulation;

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
