namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A clock that a test sets forward. Only the time of day is its own: timers run as always, so Orleans is not
/// disturbed.
/// </summary>
internal sealed class SettableClock : TimeProvider
{
    private long _aheadTicks;

    public override DateTimeOffset GetUtcNow() =>
        base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _aheadTicks));

    public void Advance(TimeSpan time) => Interlocked.Add(ref _aheadTicks, time.Ticks);
}
