using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Plans;

/// <summary>What every method may spend on a task; the same for all, or a comparison would say nothing.</summary>
/// <param name="Rounds">Rounds per task.</param>
/// <param name="Epochs">Passes over the data per round.</param>
/// <param name="BatchSize">Images per training step.</param>
/// <param name="Widths">Channels of the backbone's layers.</param>
public sealed record TrainingBudget(int Rounds, int Epochs, int BatchSize, LayerWidths Widths)
{
    /// <summary>What <c>run</c> spends.</summary>
    public static TrainingBudget Default { get; } = Of(new RunSettings { Data = new DataSource { Kind = "synthetic", Seed = 1 } });

    private static TrainingBudget Of(RunSettings settings) => new(settings.Training.Rounds, settings.Training.Epochs, settings.Training.BatchSize, settings.Training.Widths);
}
