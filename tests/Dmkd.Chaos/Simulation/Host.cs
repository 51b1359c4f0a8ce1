namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Where an actor lives, as a grain lives in its cluster: one incarnation at a time, made when it is called; one call
/// at a time, except those that interleave. Incarnations die, freeze, and come back as ghosts that do not know that
/// they have been replaced.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="network">How calls come here.</param>
/// <param name="make">Makes an incarnation's actor out of what is stored; the action ends it after a failed
/// write.</param>
/// <param name="tick">What the actor does once a second, or null.</param>
internal sealed class Host<TActor>(
    World world,
    Network network,
    Func<IMortal, Action, TActor> make,
    Func<TActor, Task>? tick = null
) : IVictim
    where TActor : class
{
    private Incarnation? _current;
    private DateTimeOffset _downUntil;

    /// <summary>Calls the actor over the network.</summary>
    public Task<T> CallAsync<T>(Func<TActor, Task<T>> body, bool interleaves = false) =>
        network.SendAsync<T>(answer => Deliver(body, interleaves, answer));

    /// <summary>Calls the actor over the network.</summary>
    public Task CallAsync(Func<TActor, Task> body) =>
        CallAsync(async actor =>
        {
            await body(actor);
            return true;
        });

    /// <inheritdoc/>
    public void Die()
    {
        _current?.Die();
    }

    /// <inheritdoc/>
    public void Freeze(TimeSpan time, bool isReplaced)
    {
        if (_current is not { } frozen)
            return;
        frozen.Scheduler.Freeze();
        world.After(
            time,
            () =>
            {
                frozen.Scheduler.Wake();
                if (isReplaced)
                    world.After(world.Between(0, 5), frozen.Scheduler.Kill); // it learns that it was declared dead
            }
        );
        if (isReplaced)
            world.After(world.Between(1, 15), () => Replace(frozen));
    }

    private void Deliver<T>(Func<TActor, Task<T>> body, bool interleaves, Action<Task<T>> answer)
    {
        if (world.Now < _downUntil)
        {
            answer(Task.FromException<T>(new OrleansException("The silo is gone.")));
            return;
        }

        var incarnation = _current ??= Begin();
        if (interleaves)
            incarnation.Run(body, answer);
        else
            incarnation.Enqueue(body, answer);
    }

    private Incarnation Begin()
    {
        var incarnation = new Incarnation(this, new ActorScheduler(world));
        incarnation.Enqueue(_ => Task.FromResult(true), _ => { });
        if (tick is not null)
            Tick(incarnation);
        return incarnation;
    }

    private void Tick(Incarnation incarnation) =>
        world.After(
            TimeSpan.FromSeconds(1),
            () =>
            {
                if (_current != incarnation)
                    return;
                incarnation.Enqueue(
                    async actor =>
                    {
                        await tick!(actor);
                        return true;
                    },
                    _ => { }
                );
                Tick(incarnation);
            }
        );

    private void Replace(Incarnation incarnation)
    {
        if (_current == incarnation)
            _current = null;
    }

    /// <summary>One life of the actor.</summary>
    private sealed class Incarnation(Host<TActor> host, ActorScheduler scheduler) : IMortal
    {
        private readonly Queue<Func<Task>> _calls = new();
        private TActor? _actor;
        private bool _isBusy;

        public ActorScheduler Scheduler { get; } = scheduler;

        public void Die()
        {
            Scheduler.Kill();
            host.Replace(this);
            host._downUntil = host.World.Now + host.World.Between(0.1, 20);
        }

        public void Run<T>(Func<TActor, Task<T>> body, Action<Task<T>> answer) =>
            _ = Scheduler.StartAsync(() => AnswerAsync(body, answer));

        public void Enqueue<T>(Func<TActor, Task<T>> body, Action<Task<T>> answer)
        {
            _calls.Enqueue(() => AnswerAsync(body, answer));
            if (!_isBusy)
                _ = Scheduler.StartAsync(WorkAsync);
            _isBusy = true;
        }

        private async Task<bool> WorkAsync()
        {
            while (_calls.TryDequeue(out var call))
                await call();
            _isBusy = false;
            return true;
        }

        private async Task<bool> AnswerAsync<T>(Func<TActor, Task<T>> body, Action<Task<T>> answer)
        {
            var work = CallAsync(body);
            await ((Task)work).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext
            );
            answer(work);
            return true;
        }

        private async Task<T> CallAsync<T>(Func<TActor, Task<T>> body) =>
            await body(_actor ??= host.Make(this, () => host.Replace(this)));
    }

    private World World => world;

    private TActor Make(IMortal incarnation, Action onBroken) => make(incarnation, onBroken);
}
