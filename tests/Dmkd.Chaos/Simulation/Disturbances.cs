namespace Dmkd.Chaos.Simulation;

/// <summary>Has actors and their silos die, freeze and end, as long as faults last.</summary>
internal sealed class Disturbances(SimulatedActors actors, Faults faults)
{
    private const int Silos = 3;

    private World World => actors.World;

    private IReadOnlyList<IVictim> Victims => actors.Victims;

    /// <summary>Begins.</summary>
    public void Begin()
    {
        Repeat(faults.MeanTimeBetweenDeaths, Kill);
        Repeat(faults.MeanTimeBetweenFreezes, () => Anybody().Freeze(World.Between(1, 60), World.Happens(0.5)));
        Repeat(faults.MeanTimeBetweenRestarts, RestartAll);
        var disk = actors.Surroundings.Disk;
        if (faults.BlobLostAt > 0)
            World.After(TimeSpan.FromSeconds(faults.BlobLostAt), disk.LoseBlob);
        World.After(TimeSpan.FromSeconds(faults.Until), disk.RestoreBlob);
    }

    /// <summary>Does something now and then, as long as faults last.</summary>
    /// <param name="mean">Mean time between; 0 for never.</param>
    /// <param name="fault">What.</param>
    public void Repeat(double mean, Action fault)
    {
        if (mean <= 0)
            return;
        World.After(
            World.Between(0, 2 * mean),
            () =>
            {
                if (ReferenceEquals(actors.Surroundings.FaultsNow, Faults.None))
                    return;
                fault();
                Repeat(mean, fault);
            }
        );
    }

    /// <summary>One actor dies, or a silo with a third of them.</summary>
    private void Kill()
    {
        if (Victims.Count == 0)
            return;
        if (World.Happens(0.5))
        {
            Anybody().Die();
            return;
        }

        int silo = World.Random.Next(Silos);
        foreach (var (place, victim) in Victims.Index())
        {
            if (place % Silos == silo)
                victim.Die();
        }
    }

    /// <summary>One silo after the other is asked to end, as when a cluster gets another program.</summary>
    private void RestartAll()
    {
        for (int silo = 0; silo < Silos; silo++)
        {
            int own = silo;
            World.After(
                World.Between(0, 5) + (silo * TimeSpan.FromSeconds(10)),
                () =>
                {
                    foreach (var (place, victim) in Victims.Index())
                    {
                        if (place % Silos == own)
                            victim.End();
                    }
                }
            );
        }
    }

    private IVictim Anybody() => Victims[World.Random.Next(Victims.Count)];
}
