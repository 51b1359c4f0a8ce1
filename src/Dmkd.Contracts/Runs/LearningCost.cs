namespace Dmkd.Contracts.Runs;

/// <summary>What it took to learn a task's expert and to measure its statistics, in all: without the fit of the routing and without evaluation. A legacy model counts with the first task.</summary>
/// <param name="DeviceSeconds">Device time of all participants.</param>
/// <param name="WallSeconds">Time the run was at work.</param>
/// <param name="BytesUp">Bytes that nodes sent.</param>
/// <param name="BytesDown">Bytes that nodes fetched.</param>
/// <param name="DenseBytes">What the updates would have taken as dense fp32.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LearningCost")]
public sealed record LearningCost(
    [property: Id(0)] double DeviceSeconds, [property: Id(1)] double WallSeconds, [property: Id(2)] long BytesUp, [property: Id(3)] long BytesDown, [property: Id(4)] long DenseBytes)
{
    /// <summary>Nothing yet.</summary>
    public static LearningCost None { get; } = new(0, 0, 0, 0, 0);

    /// <summary>What was added since an earlier count.</summary>
    /// <param name="earlier">The earlier count.</param>
    public LearningCost Since(LearningCost earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return new(
            DeviceSeconds - earlier.DeviceSeconds, WallSeconds - earlier.WallSeconds, BytesUp - earlier.BytesUp, BytesDown - earlier.BytesDown, DenseBytes - earlier.DenseBytes);
    }
}
