namespace Dmkd.Contracts.Legacy;

/// <summary>Stages of taking a legacy model apart. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.LegacyStage")]
public enum LegacyStage
{
    /// <summary>Nothing was asked for yet.</summary>
    Idle = 0,

    /// <summary>The model is being trained.</summary>
    Training = 1,

    /// <summary>Its units are being scored and partitioned, its experts cut and fine-tuned.</summary>
    Preserving = 2,

    /// <summary>The experts are in the weight store.</summary>
    Completed = 3,

    /// <summary>It cannot be done; see the error.</summary>
    Failed = 4,
}
