using System.Globalization;
using Qmtl.Gateway.Activation;

namespace Qmtl.Gateway.Watching;

/// <summary>Closes a side of a gate about which the gateway has been silent for too long.</summary>
/// <remarks>
/// A side is in step while events are followed and the gateway has said something about it since they are. Whenever it is not, a timer
/// runs, which any answer about the side starts anew.
/// </remarks>
internal sealed class SilenceGuard : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ActivationGate _gate;
    private readonly TimeSpan _longestSilence;
    private readonly TimeProvider _clock;
    private readonly Side[] _sides;
    private bool _connected;
    private long _connections;

    public SilenceGuard(ActivationGate gate, TimeSpan longestSilence, TimeProvider clock)
    {
        _gate = gate;
        _longestSilence = longestSilence;
        _clock = clock;
        _sides = [Create(ActivationSide.Long), Create(ActivationSide.Short)];
    }

    /// <summary>
    /// Names the present connection, or the time without one, to be given with the answer to a question that is asked now.
    /// </summary>
    public long Connection
    {
        get
        {
            lock (_lock)
            {
                return _connections;
            }
        }
    }

    /// <summary>Events are followed.</summary>
    public void Connect()
    {
        lock (_lock)
        {
            _connected = true;
            _connections++;
        }
    }

    /// <summary>Events are not followed any more.</summary>
    public void Disconnect()
    {
        lock (_lock)
        {
            _connections += _connected ? 1 : 0;
            _connected = false;
            foreach (Side side in _sides.Where(side => side.InStep))
            {
                Start(side);
            }
        }
    }

    /// <summary>The gateway has said something about a side, or both.</summary>
    /// <param name="side">The side, or both.</param>
    /// <param name="connection">What <see cref="Connection"/> was when it was asked, or is, where it spoke unasked.</param>
    public void Hear(ActivationSide side, long connection)
    {
        lock (_lock)
        {
            foreach (Side heard in _sides.Where(one => side == one.Name || side == ActivationSide.All))
            {
                if (_connected && connection == _connections)
                {
                    heard.InStep = true;
                    heard.Timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                }
                else if (!heard.InStep)
                {
                    Start(heard);
                }
            }
        }
    }

    public void Dispose()
    {
        foreach (Side side in _sides)
        {
            side.Timer.Dispose();
        }
    }

    private Side Create(ActivationSide name)
    {
        var side = new Side(name);
        side.Timer = _clock.CreateTimer(_ => CloseIfSilent(side), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return side;
    }

    private void Start(Side side)
    {
        side.InStep = false;
        side.StartedAt = _clock.GetTimestamp();
        side.Timer.Change(_longestSilence, Timeout.InfiniteTimeSpan);
    }

    private void CloseIfSilent(Side side)
    {
        lock (_lock)
        {
            // A timer that has gone off may still be on its way while an answer starts it anew.
            if (!side.InStep && _clock.GetElapsedTime(side.StartedAt) >= _longestSilence)
            {
                _gate.Close(
                    side.Name,
                    string.Create(CultureInfo.InvariantCulture, $"no word from the gateway for {_longestSilence.TotalSeconds} s"));
            }
        }
    }

    private sealed class Side(ActivationSide name)
    {
        public ActivationSide Name { get; } = name;

        public ITimer Timer { get; set; } = null!;

        public bool InStep { get; set; }

        public long StartedAt { get; set; }
    }
}
