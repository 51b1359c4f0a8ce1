namespace Dmkd.Chaos.Simulation;

/// <summary>An incarnation that can be killed.</summary>
internal interface IMortal
{
    /// <summary>Ends at once, without finishing anything.</summary>
    void Die();
}
