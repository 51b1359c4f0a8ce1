namespace Dmkd.Chaos.Simulation;

/// <summary>What kind of actor lives in a <see cref="Host{TActor}"/>.</summary>
/// <param name="Make">Makes an incarnation's actor out of what is stored; the action ends it after a failed
/// write.</param>
internal sealed record HostedActor<TActor>(Func<IMortal, Action, TActor> Make)
{
    /// <summary>What the actor does once a second, or null.</summary>
    public Func<TActor, Task>? Tick { get; init; }

    /// <summary>Ends an actor that is deactivated; told whether its silo shuts down.</summary>
    public Action<TActor, bool> End { get; init; } = (_, _) => { };
}

/// <summary>
/// Where an actor lives, as a grain lives in its cluster: one incarnation at a time, made when it is called; one call
/// at a time, except those that interleave. Incarnations die, are asked to end, freeze, and come back as ghosts that do
/// not know that they have been replaced.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="network">How calls come here.</param>
/// <param name="faults">What goes wrong now.</param>
/// <param name="kind">The actor.</param>
internal sealed class Host<TActor>(World world, Network network, Func<Faults> faults, HostedActor<TActor> kind)
    : IVictim
    where TActor : class
{
    /// <summary>Seconds that a silo waits for its grains.</summary>
    private const double MaxEnding = 3;

    private Incarnation? _current;
    private DateTimeOffset _downUntil;

    /// <summary>Hears what is done to the actor while it lives.</summary>
    public Action<string> Hit { get; set; } = _ => { };

    /// <summary>Calls the actor over the network.</summary>
    public Task<T> CallAsync<T>(Func<TActor, Task<T>> body, bool interleaves = false, TimeSpan? timeout = null) =>
        network.SendAsync<T>(answer => Deliver(body, interleaves, answer), timeout);

    /// <summary>Calls the actor over the network.</summary>
    public Task CallAsync(Func<TActor, Task> body) =>
        CallAsync(async actor =>
        {
            await body(actor);
            return true;
        });

    /// <inheritdoc/>
    public void Die() => _current?.Die();

    /// <inheritdoc/>
    public void End()
    {
        if (_current is not { } ending)
            return;
        Hit("ended");
        ending.Deactivate(isSiloEnding: true);
        // A silo waits for its grains for a while, and none of them begins elsewhere.
        var time = world.Between(0, MaxEnding);
        world.After(time, ending.Break);
        _downUntil = world.Now + time;
        if (world.Happens(0.3))
            _downUntil += world.Between(0.1, faults().MaxDowntime);
    }

    /// <inheritdoc/>
    public void Freeze(TimeSpan time, bool isReplaced)
    {
        if (_current is not { } frozen)
            return;
        Hit("frozen");
        frozen.Scheduler.Freeze();
        world.After(
            time,
            () =>
            {
                frozen.Scheduler.Wake();
                if (isReplaced)
                    world.After(world.Between(0, 5), frozen.Break); // it learns that it was declared dead
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
        if (kind.Tick is not null)
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
                        await kind.Tick!(actor);
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
        private readonly LinkedList<Action> _unanswered = new();
        private TActor? _actor;
        private bool _isBusy,
            _isEnding;

        public ActorScheduler Scheduler { get; } = scheduler;

        public void Die()
        {
            host.Hit("killed");
            Break();
            host.Replace(this);
            host._downUntil = host.World.Now + host.World.Between(0.1, host.Faults.MaxDowntime);
        }

        /// <summary>The process is gone. Most callers are told so after a while, others wait in vain.</summary>
        public void Break()
        {
            if (Scheduler.IsDead)
                return;
            Scheduler.Kill();
            foreach (var fail in _unanswered)
            {
                if (host.World.Happens(host.Faults.Noticed))
                    host.World.After(host.World.Between(0.5, host.Faults.MaxDowntime), fail);
            }

            _unanswered.Clear();
        }

        /// <summary>No further call reaches it; what it is at ends as the actor sees fit.</summary>
        public void Deactivate(bool isSiloEnding)
        {
            host.Replace(this);
            if (_isEnding || _actor is not { } actor)
                return;
            _isEnding = true;
            _ = Scheduler.StartAsync(() =>
            {
                host.EndOf(actor, isSiloEnding);
                return Task.FromResult(true);
            });
        }

        public void Run<T>(Func<TActor, Task<T>> body, Action<Task<T>> answer)
        {
            var open = Open(answer);
            _ = Scheduler.StartAsync(() => AnswerAsync(body, answer, open));
        }

        public void Enqueue<T>(Func<TActor, Task<T>> body, Action<Task<T>> answer)
        {
            var open = Open(answer);
            _calls.Enqueue(() => AnswerAsync(body, answer, open));
            if (!_isBusy)
                _ = Scheduler.StartAsync(WorkAsync);
            _isBusy = true;
        }

        private LinkedListNode<Action> Open<T>(Action<Task<T>> answer) =>
            _unanswered.AddLast(() => answer(Task.FromException<T>(new OrleansException("The silo died."))));

        private async Task<bool> WorkAsync()
        {
            while (_calls.TryDequeue(out var call))
                await call();
            _isBusy = false;
            return true;
        }

        private async Task<bool> AnswerAsync<T>(
            Func<TActor, Task<T>> body,
            Action<Task<T>> answer,
            LinkedListNode<Action> open
        )
        {
            var work = CallAsync(body);
            await ((Task)work).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext
            );
            _unanswered.Remove(open);
            answer(work);
            return true;
        }

        private async Task<T> CallAsync<T>(Func<TActor, Task<T>> body) =>
            await body(_actor ??= host.Make(this, () => Deactivate(isSiloEnding: false)));
    }

    private World World => world;

    private Faults Faults => faults();

    private TActor Make(IMortal incarnation, Action onBroken) => kind.Make(incarnation, onBroken);

    private void EndOf(TActor actor, bool isSiloEnding) => kind.End(actor, isSiloEnding);
}
