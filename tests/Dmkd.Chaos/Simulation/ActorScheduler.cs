namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Runs one incarnation of an actor, a piece at a time, when its world says so. A frozen incarnation keeps its work
/// until it wakes; a dead one forgets it, as a killed process does.
/// </summary>
internal sealed class ActorScheduler(World world) : TaskScheduler
{
    private readonly Queue<Task> _tasks = new();
    private bool _isListed;

    /// <summary>Whether the incarnation has been killed.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Whether the incarnation has been stopped for a while.</summary>
    public bool IsFrozen { get; private set; }

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Starts asynchronous work on this incarnation.</summary>
    public Task<T> StartAsync<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    /// <summary>Forgets everything, for ever.</summary>
    public void Kill()
    {
        IsDead = true;
        _tasks.Clear();
    }

    /// <summary>Stops, with everything kept.</summary>
    public void Freeze() => IsFrozen = true;

    /// <summary>Goes on.</summary>
    public void Wake()
    {
        IsFrozen = false;
        List();
    }

    /// <summary>Runs one piece; false when none is left.</summary>
    internal bool RunOne()
    {
        if (!IsFrozen && _tasks.TryDequeue(out var task))
            TryExecuteTask(task);
        if (!IsFrozen && _tasks.Count > 0)
            return true;
        _isListed = false;
        return false;
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        if (IsDead)
            return;
        _tasks.Enqueue(task);
        List();
    }

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;

    private void List()
    {
        if (_isListed || IsFrozen || _tasks.Count == 0)
            return;
        _isListed = true;
        world.Ready(this);
    }
}
