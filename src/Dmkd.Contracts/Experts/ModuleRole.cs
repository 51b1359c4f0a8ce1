namespace Dmkd.Contracts.Experts;

/// <summary>What a module is for. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.ModuleRole")]
public enum ModuleRole
{
    /// <summary>Answers for its classes.</summary>
    Expert = 0,

    /// <summary>Says which expert to ask: a small network over all classes, run before the experts.</summary>
    Gate = 1,
}
