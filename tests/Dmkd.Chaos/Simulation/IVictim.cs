namespace Dmkd.Chaos.Simulation;

/// <summary>Something that faults happen to.</summary>
internal interface IVictim
{
    /// <summary>Its current life ends.</summary>
    void Die();

    /// <summary>Its current life is asked to end, as when its silo shuts down.</summary>
    void End();

    /// <summary>Its current life stops for a while.</summary>
    /// <param name="time">How long.</param>
    /// <param name="isReplaced">Whether another life begins meanwhile, because the frozen one is taken for
    /// dead.</param>
    void Freeze(TimeSpan time, bool isReplaced);
}
