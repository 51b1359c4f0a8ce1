using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Settings;

namespace Dmkd.Chaos.Simulation;

/// <summary>A preservation and what goes wrong in it, drawn from a seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Request">What is asked for.</param>
/// <param name="Faults">What goes wrong.</param>
internal sealed record PreservationScenario(int Seed, PreservationRequest Request, Faults Faults)
{
    /// <summary>The name of the library.</summary>
    public const string Library = "library";

    /// <summary>Whether its user looks every few seconds; else every few minutes, and reminders must do.</summary>
    public bool IsWatched { get; init; } = true;

    /// <summary>
    /// Whether the legacy model is lost: the preservation must fail for good and say so, until its user imports the model
    /// again.
    /// </summary>
    public bool IsLegacyLost { get; init; }

    /// <summary>The legacy model.</summary>
    public byte[] Legacy => TallyPreservationWork.Legacy(Seed);

    /// <summary>Draws a scenario.</summary>
    public static PreservationScenario Draw(int seed)
    {
        Random random = new(seed);
        int experts = random.Next(1, 5);
        var settings = new PreservationSettings
        {
            Data = new DataSource
            {
                Kind = "synthetic",
                TrainPerClass = 8,
                TestPerClass = 2,
                Seed = 1,
            },
            Architecture = "convnet(3x32x32;8-16-16-16;10)",
            Experts = experts,
            ExpertSize = experts == 1 ? 0 : 0.5,
            GateSize = random.Next(3) == 0 ? 0 : 0.3,
            CalibrationPerClass = 4,
            Epochs = random.Next(4) == 0 ? 0 : 1,
            GateEpochs = 1,
            Augment = random.Next(2) == 0,
            Seed = seed,
        };
        bool isProgram = random.Next(3) == 0;
        var faults = random.Next(4) == 0 ? Faults.DrawMild(random) : Faults.Draw(random);
        var request = new PreservationRequest
        {
            Settings = settings,
            LegacyDigest = SimulatedCluster.DigestOf(TallyPreservationWork.Legacy(seed)),
            IsTorchScript = isProgram,
            SourceName = isProgram ? "legacy.pt" : "legacy.safetensors",
        };
        return new PreservationScenario(seed, request, faults)
        {
            IsWatched = random.Next(2) == 0,
            IsLegacyLost = random.Next(6) == 0,
        };
    }
}
